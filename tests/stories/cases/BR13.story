# BR13. 2000 there. 270.00 and 250.00 bring two rewards each at 10000. 400.00 come back, here all of the second sale
# and 150.00 of the first: three rewards go, and 2000 of the points of the third are still worth something.
# Source: Bink BPL, piukhq/bpl-qa-system-tests tests/features/trenette/transaction/transaction_with_reward_cap_refund.feature
programme ../plain.json
with earn.rules.1.per_minor=1
with earn.caps.1={"per":"sale","points":20000}
with purses.1={"code":"voucher","pending":{"kind":"days","days":5}}
with rewards.1={"code":"GOAL","kind":"purse","automatic":true,"gives_purse":"voucher","cost":10000}
with refunds.capped_first=true

2026-03-02 ann enrols
2026-03-02 ann brings 2000
2026-03-02 ann buys 270 x 1.00 ref=a          -> points=2000 pending.voucher=2
2026-03-02 ann buys 250 x 1.00 ref=b          -> points=2000 pending.voucher=4
2026-03-02 refund b                           -> worth=250.00 points=2000 pending.voucher=2
2026-03-02 refund a line=1 quantity=150       -> worth=150.00 points=4000 pending.voucher=1
