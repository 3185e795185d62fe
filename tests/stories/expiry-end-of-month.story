# Points live to the end of the month a year later, that day included.
programme ../../app/programme/samples/club.json

2026-01-01 ann enrols
2026-01-01 ann buys 10.00                  -> expires=2027-01-31
2026-01-31 ann buys 10.00                  -> expires=2027-01-31
2027-01-31 23:59 ann has                   -> points=20 expired=0
2027-02-01 00:00 ann has                   -> points=0 expired=20 lots=none
2027-02-10 ann buys 10.00                  -> expires=2028-02-29 points=10 expired=20
2028-02-29 ann has                         -> points=10
2028-03-01 ann has                         -> points=0 expired=30
