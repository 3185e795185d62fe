# A card or a whole account may be blocked, and opened again. Nothing is lost meanwhile.
programme plain.json
with cards.1={"prefix":"600585","length":17}

2026-03-02 ann enrols card=60058500000000001
2026-03-02 ann buys 100.00
2026-03-02 ann blocked card=60058500000000001 reason="found in the street"
2026-03-02 ann buys 1.00 card=60058500000000001      -> refused blocked
2026-03-02 ann unblocked card=60058500000000001
2026-03-02 ann buys 1.00 card=60058500000000001      -> points=101
2026-03-02 ann blocked reason="looked at by the auditor"
2026-03-02 ann buys 1.00                             -> refused blocked points=101
2026-03-02 ann unblocked
2026-03-02 ann buys 1.00                             -> points=102
