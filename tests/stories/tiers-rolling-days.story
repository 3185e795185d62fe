# The last thirty days count.
programme plain.json
with tiers={"metric":"visits","window":{"rolling_days":30},"levels":[{"code":"basic"},{"code":"regular","threshold":3}]}

2026-03-01 ann enrols
2026-03-01 ann buys 1.00
2026-03-15 ann buys 1.00                     -> tier=basic next=regular needs=1
2026-03-30 ann buys 1.00                     -> tier=regular
2026-03-31 ann has                           -> tier=basic counts.visits=2
