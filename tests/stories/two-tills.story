# Points are held where they were earned; head office lends out only what it holds itself.
programme ../../app/programme/samples/club.json

2026-02-01 09:00 ann enrols
2026-02-01 10:00 till=1 ann buys 300.00                     -> here=300 points=300
2026-02-01 11:00 till=2 ann has                             -> here=0 points=300       # it can see, but not spend them
2026-02-01 11:01 till=2 ann asks 50.00                      -> most=0 most_online=300
2026-02-01 11:02 till=2 ann buys 50.00 redeem=300           -> refused points short points=300
2026-02-01 12:00 till=2 ann buys 100.00                     -> here=100 points=400
2026-02-01 12:01 till=2 ann buys 50.00 redeem=100           -> drew=0 here=49 points=349
2026-02-01 13:00 ann brings 250 expires=2026-12-31          -> hq=250
2026-02-01 14:00 till=2 ann buys 50.00 redeem=200 draw=no   -> refused points short
2026-02-01 14:01 till=2 ann buys 50.00 redeem=200           -> drew=151 here=48 hq=99 lots_here=2027-02-28:48
2026-02-01 15:00 till=1 ann has                             -> points=447 here=300 hq=99
2026-02-01 15:01 till=hq ann has                            -> points=447 here=99
