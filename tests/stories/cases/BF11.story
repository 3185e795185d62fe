# BF11. A reward at 10000: 55.00 and 60.00 bring one, and 1500 are left.
# Source: Bink BPL, piukhq/bpl-qa-system-tests tests/features/asos/asos_transaction_increases_user_balance.feature
programme ../plain.json
with earn.rules.1.per_minor=1
with purses.1={"code":"voucher"}
with rewards.1={"code":"GOAL","kind":"purse","automatic":true,"gives_purse":"voucher","cost":10000}

2026-03-02 ann enrols
2026-03-02 ann buys 55.00                     -> points=5500 points.voucher=0
2026-03-02 ann buys 60.00                     -> points=1500 points.voucher=1
