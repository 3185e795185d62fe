# Gold members get a coffee a month, the night the month begins.
programme plain.json
with purses.1={"code":"coffee","expiry":{"kind":"end_of_month","months":0}}
with awards.1={"code":"MONTHLY","kind":"period","per":"month","points":1,"purse":"coffee","tiers":["gold"]}
with tiers={"metric":"spend","window":"year","hold":"next_period","levels":[{"code":"basic"},{"code":"silver","threshold":10000},{"code":"gold","threshold":50000}]}

2026-03-10 ann enrols
2026-03-10 bob enrols
2026-03-10 ann buys 500.00                   -> tier=gold
2026-04-01 00:05 night
2026-04-02 00:05 night
2026-04-02 ann has                           -> points.coffee=1 lots.coffee=2026-04-30:1
2026-04-02 bob has                           -> points.coffee=0
2026-05-01 00:05 night
2026-05-01 ann has                           -> points.coffee=1 expired.coffee=1
