# Silver by ten visits or 100.00, whichever comes first; gold needs both.
programme plain.json
with tiers={"window":"year","hold":"next_period","levels":[{"code":"basic"},{"code":"silver","conditions":{"any":[{"metric":"visits","threshold":3},{"metric":"spend","threshold":10000}]}},{"code":"gold","conditions":{"all":[{"metric":"visits","threshold":3},{"metric":"spend","threshold":10000}]}}]}

2026-03-10 ann enrols
2026-03-10 ann buys 100.00                   -> tier=silver next=gold needs=2
2026-03-11 ann buys 1.00                     -> tier=silver needs=1
2026-03-12 ann buys 1.00                     -> tier=gold
2026-03-12 bob enrols
2026-03-12 bob buys 1.00                     -> tier=basic next=silver needs=2
2026-03-13 bob buys 1.00
2026-03-14 bob buys 1.00                     -> tier=silver needs=97.00
