# A tier that was reached holds for ever.
programme plain.json
with tiers={"metric":"spend","window":"month","hold":"ever","levels":[{"code":"basic"},{"code":"silver","threshold":10000}]}

2026-03-10 ann enrols
2026-03-10 ann buys 100.00                   -> tier=silver tier_until=never
2046-03-10 ann has                           -> tier=silver
