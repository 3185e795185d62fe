# A member of another chain's gold tier gets ours for three months, and keeps it by spending in that time.
programme plain.json
with tiers={"metric":"spend","window":"quarter","hold":"next_period","levels":[{"code":"basic"},{"code":"silver","threshold":10000},{"code":"gold","threshold":50000}]}

2026-04-01 ann enrols
2026-04-01 ann gets tier=gold until=2026-06-30 reason="status match: gold at the other chain"   -> tier=gold
2026-06-10 ann buys 500.00                   -> tier=gold
2026-07-01 ann has                           -> tier=gold tier_given=no tier_until=2026-09-30
2026-10-01 ann has                           -> tier=basic
