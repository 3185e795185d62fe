# The same day so many months later, or the last day of a month that is shorter; that day included.
programme ../../app/programme/samples/club.json with expiry={"kind":"months","months":1}

2026-01-25 ann enrols
2026-01-25 ann buys 25.00                  -> expires=2026-02-25
2026-01-31 ann buys 31.00                  -> expires=2026-02-28
2026-02-25 23:59 ann has                   -> points=56
2026-02-26 00:00 ann has                   -> points=31 expired=25
2026-02-28 ann has                         -> points=31
2026-03-01 ann has                         -> points=0 expired=56
2028-01-31 ann buys 7.00                   -> expires=2028-02-29       # a leap year
2028-02-29 ann has                         -> points=7
2028-03-01 ann has                         -> points=0 expired=63
2028-03-31 ann buys 8.00                   -> expires=2028-04-30
