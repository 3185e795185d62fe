# Who brings a friend gets 200 points when the friend buys for 20.00 or more, for at most two friends; the
# friend gets 50, once.
programme plain.json
with awards=[{"code":"BROUGHT","kind":"referrer","points":200,"uses":2,"spend_minor_min":2000},{"code":"FRIEND","kind":"referred","points":50,"uses":1,"spend_minor_min":2000}]

2026-03-02 ann enrols
2026-03-02 bob enrols referred_by=ann
2026-03-02 cem enrols referred_by=ann
2026-03-02 dan enrols referred_by=ann
2026-03-02 bob buys 10.00                    -> points=10
2026-03-03 bob buys 20.00                    -> points=80
2026-03-03 ann has                           -> points=200
2026-03-04 bob buys 20.00                    -> points=100
2026-03-04 cem buys 30.00                    -> points=80
2026-03-04 dan buys 30.00                    -> points=80
2026-03-04 ann has                           -> points=400
