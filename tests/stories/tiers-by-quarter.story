# Tiers by calendar quarters.
programme plain.json
with tiers={"metric":"spend","window":"quarter","hold":"next_period","levels":[{"code":"basic"},{"code":"silver","threshold":10000},{"code":"gold","threshold":50000}]}

2026-02-10 ann enrols
2026-02-10 ann buys 60.00                    -> tier=basic
2026-03-31 ann buys 40.00                    -> tier=silver tier_until=2026-06-30
2026-07-01 ann has                           -> tier=basic
