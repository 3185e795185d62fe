# Points live for 30 days, the last one included.
programme plain.json
with expiry={"kind":"days","days":30}

2026-03-01 ann enrols
2026-03-01 ann buys 10.00                    -> expires=2026-03-31
2026-03-31 23:59 ann has                     -> points=10
2026-04-01 00:00 ann has                     -> points=0 expired=10
