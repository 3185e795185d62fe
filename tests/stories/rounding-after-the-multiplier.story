# A tier's bonus is part of the same computation: rounded once, after it.
programme ../../app/programme/samples/club.json with tiers.levels.2.multiplier_pct=150

2026-03-02 ann enrols
2026-03-02 ann brings 0 counts=500   -> tier=IP points=0
2026-03-02 ann buys 1.99             -> earned=2    # 1.99 * 1.5 = 2.985; not 1 * 1.5
2026-03-02 ann buys 0.67             -> earned=1    # 1.005
2026-03-02 ann buys 0.66             -> earned=0    # 0.99
