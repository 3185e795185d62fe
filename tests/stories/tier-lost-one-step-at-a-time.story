# Who spends nothing falls one tier a year, not all at once.
programme plain.json
with tiers={"metric":"spend","window":"year","hold":"period","downgrade":"one_step","levels":[{"code":"basic"},{"code":"silver","threshold":10000},{"code":"gold","threshold":50000}]}

2026-03-10 ann enrols
2026-03-10 ann buys 500.00                   -> tier=gold
2026-12-31 ann has                           -> tier=gold
2027-01-01 ann has                           -> tier=silver
2027-12-31 ann has                           -> tier=silver
2028-01-01 ann has                           -> tier=basic
