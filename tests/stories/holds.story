# A hotel, a pump, a web shop: points are set aside first and paid with later. Set aside, nobody else can spend
# them.
programme plain.json
with holds.minutes=30

2026-03-02 10:00 ann enrols
2026-03-02 10:01 ann buys 500.00
2026-03-02 10:02 ann holds 300 ref=h1                       -> points=200 held=300
2026-03-02 10:03 ann buys 10.00 redeem=400                  -> refused points short
2026-03-02 10:04 ann buys 2.00 redeem=200 hold=h1           -> pays=0.00 points=300 held=0      # the rest is given back
2026-03-02 10:05 ann holds 100 ref=h2                       -> points=200 held=100
2026-03-02 10:06 release h2                                 -> points=300 held=0
2026-03-02 10:07 release h2                                 -> refused not found
2026-03-02 10:08 ann holds 301                              -> refused points short
2026-03-02 10:09 ann holds 100 ref=h3                       -> held=100
2026-03-02 10:09 ann holds 100 ref=h3                       -> again held=100
