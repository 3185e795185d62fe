# What is gone is forgiven: never below zero.
programme plain.json
with refunds.policy=clamp

2026-03-02 ann enrols
2026-03-02 ann buys 100.00 ref=a             -> points=100
2026-03-03 ann buys 0.60 redeem=60           -> points=40
2026-03-04 refund a                          -> takes_back=40 debt=0 points=0
2026-03-05 ann buys 70.00                    -> points=70
