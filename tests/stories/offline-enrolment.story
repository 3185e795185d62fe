# A member who enrolled at a till without a network is a stranger elsewhere, for as long as it has none.
programme ../../app/programme/samples/club.json

2026-02-01 09:00 till=3 offline ann enrols phone="+86 138 0013 8000"
2026-02-01 09:01 till=3 offline ann buys 20.00              -> points=20
2026-02-01 09:30 till=1 ann has                             -> refused unknown card
2026-02-01 09:31 till=1 ann buys 10.00                      -> refused unknown card
2026-02-01 10:00 till=3 connects
2026-02-01 10:01 till=1 ann buys 10.00 phone=+8613800138000 -> points=30 here=10
