# What a member ever spent counts.
programme plain.json
with tiers={"metric":"spend","window":"lifetime","hold":"none","levels":[{"code":"basic"},{"code":"silver","threshold":10000},{"code":"gold","threshold":50000}]}

2026-05-20 ann enrols
2026-05-20 ann buys 60.00                    -> tier=basic
2036-05-20 ann buys 40.00                    -> tier=silver tier_until=never
