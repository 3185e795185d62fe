# Spent points that come back after their last day live seven days longer, by grace.
programme plain.json
with refunds.grace_days=7

2026-03-02 ann enrols
2026-03-02 ann brings 500 expires=2026-03-31
2026-03-30 ann buys 5.00 redeem=500 ref=a    -> pays=0.00
2026-04-10 refund a                          -> gives_back=500 points=500 lots=2026-04-17:500
2026-04-18 ann has                           -> points=0
