# BR03. A reward at 10000, at most two a sale, and a return takes what was too much for those two first. 550.00
# bring two; 200.00 of it come back: both stay; 200.00 more: one goes, and what its points are still worth stays.
# There a refund is of money, here of pieces of 1.00.
# Source: Bink BPL, piukhq/bpl-qa-system-tests tests/features/trenette/transaction/transaction_with_trc_refund.feature
programme ../plain.json
with earn.rules.1.per_minor=1
with earn.caps.1={"per":"sale","points":20000}
with purses.1={"code":"voucher","pending":{"kind":"days","days":1}}
with rewards.1={"code":"GOAL","kind":"purse","automatic":true,"gives_purse":"voucher","cost":10000}
with refunds.capped_first=true

2026-03-02 ann enrols
2026-03-02 ann buys 550 x 1.00 ref=a          -> points=0 pending.voucher=2
2026-03-02 refund a line=1 quantity=200       -> worth=200.00 points=0 pending.voucher=2
2026-03-02 refund a line=1 quantity=200       -> worth=200.00 points=5000 pending.voucher=1
2026-03-02 refund a                           -> worth=150.00 points=0 pending.voucher=0
