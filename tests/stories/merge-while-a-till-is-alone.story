# A till that was alone while two accounts became one sends after what its drawer held, once it hears of it.
programme plain.json

2026-03-02 09:00 ann enrols
2026-03-02 09:00 bob enrols
2026-03-02 10:00 till=2 bob buys 100.00
2026-03-02 10:01 till=2 offline bob buys 50.00      -> points=150
2026-03-02 10:02 bob merges into=ann                -> points=0
2026-03-02 10:03 till=1 bob buys 10.00              -> points=10 here=10
2026-03-02 10:04 till=2 offline bob buys 5.00       -> points=155
2026-03-02 10:05 till=2 bob has                     -> points=165 here=155

2026-03-02 10:06 till=hq ann has                    -> points=165 visits=4
