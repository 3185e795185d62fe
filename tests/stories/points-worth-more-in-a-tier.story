# 100 points pay 1.00, and 1.50 for gold.
programme plain.json
with redeem={"step_points":100,"step_value_minor":100}
with tiers={"metric":"spend","hold":"next_period","levels":[{"code":"all"},{"code":"gold","threshold":50000,"step_value_minor":150}]}

2026-03-10 ann enrols
2026-03-10 ann brings 1000                   -> value=10.00
2026-03-10 ann buys 500.00                   -> tier=gold points=1500 value=22.50
2026-03-11 ann buys 20.00 redeem=1000        -> redeemed_value=15.00 pays=5.00
