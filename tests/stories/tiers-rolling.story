# The last twelve months count, day by day: a purchase falls out a year later.
programme plain.json
with tiers={"metric":"spend","window":{"rolling_months":12},"levels":[{"code":"basic"},{"code":"silver","threshold":10000}]}

2026-03-10 ann enrols
2026-03-10 ann buys 60.00                    -> tier=basic needs=40.00
2026-06-01 ann buys 50.00                    -> tier=silver counts.spend=110.00
2027-03-09 ann has                           -> tier=silver counts.spend=110.00
2027-03-10 ann has                           -> tier=basic counts.spend=50.00
