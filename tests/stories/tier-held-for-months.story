# A tier that was reached holds for twelve months, whatever is spent.
programme plain.json
with tiers={"metric":"spend","window":"month","hold":{"months":12},"levels":[{"code":"basic"},{"code":"silver","threshold":10000}]}

2026-03-10 ann enrols
2026-03-10 ann buys 100.00                   -> tier=silver tier_until=2027-03-10
2027-03-10 ann has                           -> tier=silver
2027-03-11 ann has                           -> tier=basic
