# A tier that is lost holds for ten more days.
programme plain.json
with tiers={"metric":"spend","window":"month","hold":"period","grace":{"days":10},"levels":[{"code":"basic"},{"code":"silver","threshold":10000},{"code":"gold","threshold":50000}]}

2026-03-10 ann enrols
2026-03-10 ann buys 100.00                   -> tier=silver
2026-04-10 ann has                           -> tier=silver
2026-04-11 ann has                           -> tier=basic
