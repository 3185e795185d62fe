# Balances of an older scheme are taken over at head office, with their last days and what counts for the tier.
programme ../../app/programme/samples/club.json

2026-02-01 ann enrols
2026-02-01 ann brings 200 expires=2026-12-31 counts=1900.00 -> points=200 hq=200 adjusted=200 tier=IP needs=100.00
2026-02-01 ann brings 100 expires=never                     -> lots=2026-12-31:200,never:100
2026-02-02 ann buys 100.00 redeem=200                       -> drew=200 earned=107 tier=IP needs=2.00
2027-01-01 ann has                                          -> points=207 expired=0
