# What head office gave because of a sale, for a friend or by surprise, goes back with it, in its part; what is
# spent already is owed.
programme plain.json
with awards=[{"code":"BROUGHT","kind":"referrer","points":200,"uses":5},{"code":"LUCK","kind":"surprise","every":1,"points":30}]
with earn.rules=[]

2026-03-02 ann enrols
2026-03-02 bob enrols referred_by=ann
2026-03-02 surprises seed=tally
2026-03-02 bob buys 2 x 10.00 ref=a          -> surprise=30 points=30
2026-03-02 ann has                           -> points=200
2026-03-02 ann buys 1.50 redeem=150          -> points=80        # and 30 by surprise
2026-03-03 refund a line=1 quantity=1        -> points=15
2026-03-03 ann has                           -> points=-20 debt=20
2026-03-04 refund a                          -> points=0
2026-03-04 ann has                           -> points=-120 debt=120
