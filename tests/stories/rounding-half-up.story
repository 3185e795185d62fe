# From half a point on, a whole one is given.
programme ../../app/programme/samples/club.json with earn.rules.1.rounding=half_up

2026-03-02 ann enrols
2026-03-02 ann buys 0.49             -> earned=0
2026-03-02 ann buys 0.50             -> earned=1
2026-03-02 ann buys 1.49             -> earned=1
2026-03-02 ann buys 1.50             -> earned=2
2026-03-02 ann buys 2.50             -> earned=3
2026-03-02 ann buys 0.25 0.24        -> earned=0    # one basket, 0.49
