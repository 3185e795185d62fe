# A sale of till 1 comes back at till 2: its drawer gives what it has, the rest is owed, until the drawers meet.
programme plain.json

2026-03-02 10:00 till=1 ann enrols
2026-03-02 10:01 till=1 ann buys 100.00 ref=a                         -> here=100
2026-03-03 10:00 till=2 ann buys 30.00                                -> here=30 points=130
2026-03-04 10:00 till=2 refund a                                      -> takes_back=100 here=0 debt=70 points=30
2026-03-04 11:00 till=3 offline refund a                              -> refused not found
2026-03-05 10:00 till=1 ann buys 80.00                                -> debt_paid=70 debt=0 points=110
