# A lost card is replaced: the new one works at once, the old one is refused; the points are untouched. A till
# without a network has not heard of it.
programme plain.json
with cards.1={"prefix":"600585","length":17}

2026-03-02 10:00 ann enrols card=60058500000000001
2026-03-02 10:01 ann buys 100.00 card=60058500000000001
2026-03-02 10:02 till=2 ann has
2026-03-02 10:03 till=2 offline ann has
2026-03-02 11:00 ann replaces card=60058500000000002
2026-03-02 11:01 ann shows card=60058500000000001           -> refused blocked
2026-03-02 11:02 ann buys 10.00 card=60058500000000001      -> refused blocked points=100
2026-03-02 11:03 ann buys 10.00 card=60058500000000002      -> points=110
2026-03-02 11:04 till=2 offline ann shows card=60058500000000001    -> ok
2026-03-02 11:05 till=2 ann shows card=60058500000000001            -> refused blocked
2026-03-02 11:06 ann adds phone=+4915112345678
2026-03-02 11:07 ann buys 10.00 phone=+4915112345678        -> points=120
