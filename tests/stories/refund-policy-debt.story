# What is gone is owed, and the next earns pay it.
programme plain.json
with refunds.policy=debt

2026-03-02 ann enrols
2026-03-02 ann buys 100.00 ref=a             -> points=100
2026-03-03 ann buys 0.60 redeem=60           -> points=40
2026-03-04 refund a                          -> takes_back=100 debt=60 points=-60
2026-03-05 ann buys 70.00                    -> points=10
