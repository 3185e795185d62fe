# A tier may begin only with the next period.
programme plain.json
with tiers={"metric":"spend","window":"month","upgrade":"next_period","hold":"next_period","levels":[{"code":"basic"},{"code":"silver","threshold":10000}]}

2026-03-10 ann enrols
2026-03-10 ann buys 100.00                   -> tier=basic
2026-03-31 ann has                           -> tier=basic
2026-04-01 ann has                           -> tier=silver
