# BR05. A reward at 10000, at most two a sale, usable a day later: 75.00, then 150.00 bring two and leave 2500.
# Source: Bink BPL, piukhq/bpl-qa-system-tests tests/features/trenette/transaction/transaction_with_trc_refund.feature
programme ../plain.json
with earn.rules.1.per_minor=1
with earn.caps.1={"per":"sale","points":20000}
with purses.1={"code":"voucher","pending":{"kind":"days","days":1}}
with rewards.1={"code":"GOAL","kind":"purse","automatic":true,"gives_purse":"voucher","cost":10000}

2026-03-02 ann enrols
2026-03-02 ann buys 75.00                     -> points=7500
2026-03-02 ann buys 150.00                    -> points=2500 pending.voucher=2
2026-03-03 ann has                            -> points.voucher=2
