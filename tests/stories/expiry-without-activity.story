# Points live as long as the member buys: they lapse six months after the last purchase, all together.
programme plain.json
with expiry={"kind":"inactive","months":6}

2026-01-15 ann enrols
2026-01-15 ann buys 10.00                    -> expires=2026-07-15
2026-07-15 ann buys 5.00                     -> expires=2027-01-15 points=15 lots=2027-01-15:15
2027-01-15 ann has                           -> points=15
2027-01-16 ann has                           -> points=0 expired=15
