# A sale is voided whole, on its own business day, at its till; once.
programme ../../app/programme/samples/club.json

2026-02-01 09:00 ann enrols
2026-02-01 09:10 ann brings 500 expires=2026-03-31
2026-02-01 10:00 ann buys 100.00 ref=a redeem=300   -> earned=97 points=297 lots=2026-03-31:200,2027-02-28:97
2026-02-01 11:00 void a                             -> points=500 lots=2026-03-31:500 visits=0 earned_total=0 redeemed_total=0
2026-02-01 11:01 void a                             -> again points=500       # asked twice, done once
2026-02-01 11:02 void b                             -> refused not found
2026-02-01 11:03 void a till=2                      -> refused not found      # not sold there
2026-02-01 23:59 ann buys 50.00 ref=late            -> points=550
2026-02-02 00:00 void late                          -> refused too late points=550
2026-02-03       ann has                            -> points=550 visits=1
