# A part of a point is given as a whole one.
programme plain.json
with earn.rules.1.rounding=ceil

2026-03-02 ann enrols
2026-03-02 ann buys 0.01                     -> earned=1
2026-03-02 ann buys 1.00                     -> earned=1
2026-03-02 ann buys 1.01 0.99                -> earned=2
2026-03-02 ann buys 0                        -> earned=0
