# BF03. A reward at 100.00, a cent a point: twice 100.00 bring one each, and nothing is left over.
# Source: Bink BPL, piukhq/bpl-qa-system-tests tests/features/trenette/transaction/transaction_with_no_earn_threshold.feature
programme ../plain.json
with earn.rules.1.per_minor=1
with purses.1={"code":"voucher"}
with rewards.1={"code":"GOAL","kind":"purse","automatic":true,"gives_purse":"voucher","cost":10000}

2026-03-02 ann enrols
2026-03-02 ann buys 100.00                    -> points=0 points.voucher=1
2026-03-02 ann buys 100.00                    -> points=0 points.voucher=2
