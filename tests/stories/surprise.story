# Every third sale of the shop is a surprise: 100 points, and what it earned once more; 250 points in all. Head
# office draws with a seed that it has sealed before.
programme plain.json
with awards.1={"code":"LUCK","kind":"surprise","every":3,"points":100,"multiply_pct":200,"budget":250}

2026-03-02 ann enrols
2026-03-02 bob enrols
2026-03-02 surprises seed=tally-2026-03
2026-03-02 ann buys 10.00                    -> surprise=0
2026-03-02 bob buys 10.00                    -> surprise=0
2026-03-02 ann buys 10.00                    -> surprise=110 points=130
2026-03-02 ann buys 10.00
2026-03-02 ann buys 10.00
2026-03-02 bob buys 90.00                    -> surprise=140 points=240      # what is left of the budget
