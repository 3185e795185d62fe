# Points at one till can't be spent while as much is owed from another.
programme ../../app/programme/samples/club.json with redeem.maximum_share_pct=100

2026-02-01 09:00 ann enrols
2026-02-01 10:00 till=1 ann buys 100.00 ref=a
2026-02-01 10:01 till=2 ann buys 300.00                     -> here=300 points=400
2026-02-01 10:02 till=1 ann buys 1.00 redeem=100            -> points=300
2026-02-01 10:03 void a                                     -> debt=100 points=200
2026-02-01 11:00 till=2 ann asks 10.00                      -> most=200 most_online=200
2026-02-01 11:01 till=2 ann buys 10.00 redeem=300           -> refused points short here=300
2026-02-01 11:02 till=2 ann buys 10.00 redeem=200           -> earned=8 debt_paid=8 here=100 points=8 debt=92
