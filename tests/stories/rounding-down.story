# One point for each whole 1.00 of the basket; the rest is dropped, once, on the basket's total.
programme ../../app/programme/samples/club.json with earn.rules.1.rounding=floor

2026-03-02 ann enrols
2026-03-02 ann buys 0.99             -> earned=0   visits=1
2026-03-02 ann buys 1.00             -> earned=1
2026-03-02 ann buys 129.99           -> earned=129
2026-03-02 ann buys 0.50 0.50        -> earned=1  total=1.00    # two lines: rounded together
2026-03-02 ann buys 0                -> earned=0  total=0
2026-03-02 ann has                   -> points=131 visits=5
