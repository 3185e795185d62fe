# ODP07. 70 points a unit, and a reward that costs 150 of 200 points; the refund of the sale takes 70 and gives
# 150 back.
# Source: Odoo POS, odoo/odoo addons/pos_loyalty/tests/test_pos_loyalty_points.py (test_refund_reverses_earned_and_returns_spent)
programme ../plain.json
with earn.rules.1={"code":"unit","points":70,"per_items":1}
with rewards.1={"code":"R","kind":"amount","amount_minor":100,"cost":150}

2026-03-02 ann enrols
2026-03-02 ann brings 200
2026-03-02 ann buys 1 x 100.00 claims R ref=a   -> earned=70 cost=150 points=120
2026-03-05 refund a                             -> takes_back=70 gives_back=150 points=200
