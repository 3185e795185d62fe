# BR15. One stamp of 100 a sale, however large: 300 and a sale of 600.00 make 400.
# Source: Bink BPL, piukhq/bpl-qa-system-tests tests/features/trenette/transaction/transaction_history_stamp.feature
programme ../plain.json
with earn.rules.1={"code":"stamp","points":100,"when":{"basket_minor_min":500}}

2026-03-02 ann enrols
2026-03-02 ann brings 300
2026-03-02 ann buys 600.00                    -> points=400
