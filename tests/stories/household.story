# A household shares one account: all earn into it and spend from it, each at most 300 points a month.
programme plain.json
with redeem.member_limits=[{"per":"month","points":300}]

2026-03-02 ann enrols card=+4915112345678
2026-03-02 cid joins ann
2026-03-02 ann buys 500.00                   -> points=500
2026-03-02 cid buys 200.00                   -> points=700 visits=2
2026-03-03 cid buys 10.00 redeem=300         -> points=407
2026-03-03 cid buys 10.00 redeem=1           -> refused rule
2026-03-03 ann buys 10.00 redeem=300         -> points=114
2026-04-01 cid buys 10.00 redeem=100         -> points=23
2026-04-01 ann has                           -> points=23
