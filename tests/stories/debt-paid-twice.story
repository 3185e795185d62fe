# Two tills without a network may both pay the same debt. What was paid too much is not lost: head office has it.
programme ../../app/programme/samples/club.json with redeem.maximum_share_pct=100

2026-02-01 09:00 ann enrols
2026-02-01 10:00 ann buys 100.00 ref=a
2026-02-01 10:01 ann buys 1.00 redeem=100                   -> points=0
2026-02-01 10:02 void a                                     -> debt=100 points=-100
2026-02-01 11:00 till=2 ann has                             -> debt=100
2026-02-02 10:00 till=1 offline ann buys 130.00             -> debt_paid=100 debt=0 points=30
2026-02-02 10:01 till=2 offline ann buys 80.00              -> debt_paid=80 debt=20 points=-20
2026-02-02 11:00 till=1 connects
2026-02-02 11:01 till=2 connects
2026-02-02 11:02 till=hq ann has                            -> debt=0 points=110 here=80
2026-02-02 11:03 till=1 ann has                             -> points=110 here=30 lots=2027-02-28:110
