# Tiers by halves of the year.
programme plain.json
with tiers={"metric":"spend","window":"half_year","hold":"next_period","levels":[{"code":"basic"},{"code":"silver","threshold":10000},{"code":"gold","threshold":50000}]}

2026-06-30 ann enrols
2026-06-30 ann buys 100.00                   -> tier=silver tier_until=2026-12-31
2026-12-31 ann has                           -> tier=silver needs=500.00
2027-01-01 ann has                           -> tier=basic
