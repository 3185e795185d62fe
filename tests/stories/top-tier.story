# Above the highest tier there is nothing to need.
programme ../../app/programme/samples/club.json

2026-02-01 ann enrols
2026-02-01 ann buys 20000.00               -> earned=20000 tier=3xVIP next=none needs=0
2026-02-01 ann buys 10.00                  -> earned=30
