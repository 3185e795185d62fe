# A voided sale does not count towards the tier either.
programme ../../app/programme/samples/club.json

2026-02-01 10:00 ann enrols
2026-02-01 11:00 ann buys 600.00 ref=big   -> tier=IP earned=600 visits=1
2026-02-01 12:00 ann buys 100.00           -> earned=110
2026-02-01 13:00 void big                  -> tier=P needs=400.00 points=110 visits=1
2026-02-01 14:00 ann buys 100.00           -> earned=100 points=210
