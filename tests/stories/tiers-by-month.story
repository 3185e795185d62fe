# Tiers by calendar months.
programme plain.json
with tiers={"metric":"spend","window":"month","hold":"period","levels":[{"code":"basic"},{"code":"silver","threshold":10000},{"code":"gold","threshold":50000}]}

2026-03-10 ann enrols
2026-03-10 ann buys 100.00                   -> tier=silver tier_until=2026-03-31
2026-03-31 23:59 ann has                     -> tier=silver next=gold needs=400.00 needs_until=2026-03-31
2026-04-01 ann has                           -> tier=basic needs=100.00
