# Tiers by years from the day a member joined.
programme plain.json
with tiers={"metric":"spend","window":"anniversary","hold":"next_period","levels":[{"code":"basic"},{"code":"silver","threshold":10000},{"code":"gold","threshold":50000}]}

2026-05-20 ann enrols
2026-05-20 ann buys 60.00                    -> needs=40.00 needs_until=2027-05-19
2027-05-19 ann buys 40.00                    -> tier=silver tier_until=2028-05-19
2028-05-19 ann has                           -> tier=silver
2028-05-20 ann has                           -> tier=basic
