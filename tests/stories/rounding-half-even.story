# Half a point goes to the even neighbour, so that in the long run nobody gains by it.
programme ../../app/programme/samples/club.json with earn.rules.1.rounding=half_even

2026-03-02 ann enrols
2026-03-02 ann buys 0.50             -> earned=0
2026-03-02 ann buys 0.51             -> earned=1
2026-03-02 ann buys 1.50             -> earned=2
2026-03-02 ann buys 2.50             -> earned=2
2026-03-02 ann buys 3.50             -> earned=4
