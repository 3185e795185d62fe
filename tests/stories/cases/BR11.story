# BR11. 2000 there. 310.00 and 210.00 bring three and two rewards at 10000 each, with 10.00 of each too much for them.
# 15.00 come back, here 10.00 of the second sale and 5.00 of the first: no reward goes, 2000 stay.
# There the rewards are given; here a sale from 300.00 brings at most three, any other two.
# Source: Bink BPL, piukhq/bpl-qa-system-tests tests/features/trenette/transaction/transaction_with_reward_cap_refund.feature
programme ../plain.json
with earn.rules.1.per_minor=1
with earn.rules.1.when={"basket_minor_min":30000}
with earn.rules.1.caps.1={"per":"sale","points":30000}
with earn.rules.1.stop=true
with earn.rules.2={"code":"small","points":1,"per_minor":1,"caps":[{"per":"sale","points":20000}]}
with purses.1={"code":"voucher","pending":{"kind":"days","days":5}}
with rewards.1={"code":"GOAL","kind":"purse","automatic":true,"gives_purse":"voucher","cost":10000}
with refunds.capped_first=true

2026-03-02 ann enrols
2026-03-02 ann brings 2000
2026-03-02 ann buys 310 x 1.00 ref=a          -> points=2000 pending.voucher=3
2026-03-02 ann buys 210 x 1.00 ref=b          -> points=2000 pending.voucher=5
2026-03-02 refund b line=1 quantity=10        -> worth=10.00 points=2000 pending.voucher=5
2026-03-02 refund a line=1 quantity=5         -> worth=5.00 points=2000 pending.voucher=5
