# BF05. 100 a sale from 5.00 on, a reward at 700: 5.50, 5.50 and 6.00 bring 100, 200, 300, and no reward yet.
# Source: Bink BPL, piukhq/bpl-qa-system-tests tests/features/trenette/transaction/transaction_increases_user_balance.feature
programme ../plain.json
with earn.rules.1={"code":"stamp","points":100,"when":{"basket_minor_min":500}}
with purses.1={"code":"voucher"}
with rewards.1={"code":"GOAL","kind":"purse","automatic":true,"gives_purse":"voucher","cost":700}

2026-03-02 ann enrols
2026-03-02 ann buys 5.50                      -> points=100
2026-03-02 ann buys 5.50                      -> points=200
2026-03-02 ann buys 6.00                      -> points=300 points.voucher=0
