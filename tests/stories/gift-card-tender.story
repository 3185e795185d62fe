# What a gift card pays earns nothing; the rest of the basket does.
programme plain.json
with earn.tenders_without_points=["gift_card"]

2026-03-02 ann enrols
2026-03-02 ann buys 50.00 pays cash=20.00 gift_card=30.00     -> earned=20
2026-03-02 ann buys 50.00 pays gift_card=50.00                -> earned=0
2026-03-02 ann buys 50.00 pays card=50.00                     -> earned=50
2026-03-02 ann buys 50.00                                     -> earned=50
