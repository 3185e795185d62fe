# Points may live for ever.
programme ../../app/programme/samples/club.json with expiry={"kind":"never"}

2026-01-01 ann enrols
2026-01-01 ann buys 128.00                 -> expires=never lots=never:128
2099-12-31 ann has                         -> points=128 expired=0
