# A tier that was reached once stays.
programme plain.json
with tiers={"metric":"spend","window":"month","hold":"none","downgrade":"never","levels":[{"code":"basic"},{"code":"silver","threshold":10000},{"code":"gold","threshold":50000}]}

2026-03-10 ann enrols
2026-03-10 ann buys 100.00                   -> tier=silver
2036-03-10 ann has                           -> tier=silver
