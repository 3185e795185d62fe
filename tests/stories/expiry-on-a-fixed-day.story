# All points lapse after 30 June; what is earned later, a year on.
programme plain.json
with expiry={"kind":"fixed","day":"2026-06-30"}

2026-01-01 ann enrols
2026-01-01 ann buys 10.00                    -> expires=2026-06-30
2026-06-30 ann buys 10.00                    -> expires=2026-06-30
2026-07-01 ann buys 10.00                    -> expires=2027-06-30 points=10 expired=20
