# Without a network a till sells on: points are earned, and what its own drawer holds can be spent.
programme ../../app/programme/samples/club.json

2026-02-01 09:00 till=1 ann enrols
2026-02-01 09:05 till=1 ann buys 300.00                     -> here=300
2026-02-01 09:10 ann brings 500                             -> hq=500
2026-02-01 10:00 till=1 offline ann buys 10.00 redeem=400   -> refused points short
2026-02-01 10:01 till=1 offline ann buys 10.00 redeem=300   -> here=7 points=507
2026-02-01 10:02 till=2 ann has                             -> points=800       # has not heard of it
2026-02-01 10:03 till=2 ann buys 10.00 redeem=500           -> drew=500 earned=5 points=305
2026-02-01 10:04 till=1 offline ann has                     -> points=507       # nor has till 1
2026-02-01 11:00 till=1 connects
2026-02-01 11:01 till=hq ann has                            -> points=12 here=0
2026-02-01 11:02 till=1 ann has                             -> points=12 here=7
2026-02-01 11:03 till=2 ann has                             -> points=12 here=5
