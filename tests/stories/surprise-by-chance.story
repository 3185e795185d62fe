# One sale in two wins 5 points: which ones, the seed decides. The same story with the same seed comes out the
# same.
programme plain.json
with awards.1={"code":"LUCK","kind":"surprise","chance_ppm":500000,"points":5}
with earn.rules=[]

2026-03-02 ann enrols
2026-03-02 ann buys 1.00                     -> points=0      # nothing is drawn before a seed is sealed
2026-03-02 surprises seed=tally
2026-03-02 ann buys 1.00                     -> surprise=0
2026-03-02 ann buys 1.00                     -> surprise=5
2026-03-02 ann buys 1.00                     -> surprise=5
2026-03-02 ann buys 1.00                     -> surprise=5
