# Each night head office counts as expired what has lapsed in its drawer. Tills do it with their next event.
programme plain.json
with expiry={"kind":"days","days":10}

2026-03-01 ann enrols
2026-03-01 ann brings 100
2026-03-01 ann buys 7.00
2026-03-12 00:05 night
2026-03-12 00:06 ann has                     -> points=0 expired=107 lots=none
2026-03-12 10:00 ann buys 1.00               -> points=1 expired=107
