# Points live to the end of next year.
programme plain.json
with expiry={"kind":"end_of_year","years":1}

2026-01-01 ann enrols
2026-01-01 ann buys 10.00                    -> expires=2027-12-31
2026-12-31 ann buys 10.00                    -> expires=2027-12-31
2028-01-01 ann has                           -> points=0 expired=20
