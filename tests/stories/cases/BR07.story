# BR07. As BR03, with twice the points and rewards usable after 5 days. 55.00 bring one and 1000; 50.00 of it come
# back: the reward goes, 1000 stay. 500.00 bring two, for five times their points; half of it comes back: both stay.
# Source: Bink BPL, piukhq/bpl-qa-system-tests tests/features/trenette/transaction/transaction_with_trc_refund.feature
programme ../plain.json
with earn.rules.1.per_minor=1
with earn.rules.2={"code":"double","multiply_pct":200}
with earn.caps.1={"per":"sale","points":20000}
with purses.1={"code":"voucher","pending":{"kind":"days","days":5}}
with rewards.1={"code":"GOAL","kind":"purse","automatic":true,"gives_purse":"voucher","cost":10000}
with refunds.capped_first=true

2026-03-02 ann enrols
2026-03-02 ann buys 55 x 1.00 ref=a           -> points=1000 pending.voucher=1
2026-03-02 refund a line=1 quantity=50        -> worth=50.00 points=1000 pending.voucher=0
2026-03-02 ann buys 500 x 1.00 ref=b          -> points=1000 pending.voucher=2
2026-03-02 refund b line=1 quantity=250       -> worth=250.00 points=1000 pending.voucher=2
