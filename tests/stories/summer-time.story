# The business day is the shop's own, by summer time, too: on 29 March 2026 clocks in Berlin go from 2:00 to
# 3:00, on 25 October from 3:00 to 2:00.
programme plain.json
with time_zone=CET-1CEST,M3.5.0,M10.5.0/3
with expiry={"kind":"days","days":1}
with earn.rules.2={"code":"late","multiply_pct":200,"when":{"hours":["23:00-24:00"]}}

2026-03-28 23:30 ann enrols
2026-03-28 23:30 ann buys 10.00              -> earned=20 expires=2026-03-29
2026-03-29 00:30 ann buys 10.00              -> earned=10 expires=2026-03-30
2026-03-29 03:30 ann buys 10.00              -> expires=2026-03-30
2026-03-29 23:30 ann buys 10.00              -> earned=20 points=60
2026-03-30 00:00 ann has                     -> points=40 expired=20
2026-10-25 23:59 ann buys 10.00              -> earned=20 expires=2026-10-26
