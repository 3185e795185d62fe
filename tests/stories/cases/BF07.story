# BF07. 100 a sale from 5.00 on: 7.70 brings 100, 4.80 nothing.
# Source: Bink BPL, piukhq/bpl-qa-system-tests tests/features/trenette/transaction/transaction_not_qualify_to_earn.feature
programme ../plain.json
with earn.rules.1={"code":"stamp","points":100,"when":{"basket_minor_min":500}}

2026-03-02 ann enrols
2026-03-02 ann buys 7.70                      -> points=100
2026-03-02 ann buys 4.80                      -> points=100
