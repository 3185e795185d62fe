# A hold ends by itself: when its time is over the points are there again, though the till that held them never
# came back.
programme plain.json
with holds.minutes=15

2026-03-02 10:00 ann enrols
2026-03-02 10:01 till=2 ann buys 500.00
2026-03-02 10:02 till=2 ann holds 300 ref=h1                -> held=300 points=200
2026-03-02 10:03 till=1 ann has                             -> held=300 points=200
2026-03-02 10:17 till=1 ann has                             -> held=300
2026-03-02 10:18 till=1 ann has                             -> held=0 points=500
2026-03-02 10:20 till=2 ann buys 5.00 redeem=500            -> pays=0.00 held=0
