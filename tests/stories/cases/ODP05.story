# ODP05. 1 point per 1.00. One of two pieces of 50.00 comes back: half of the points go.
# Source: Odoo POS, odoo/odoo addons/pos_loyalty/tests/test_pos_loyalty_points.py (test_refund_prorates_earned_points)
programme ../plain.json

2026-03-02 ann enrols
2026-03-02 ann buys 2 x 50.00 ref=a           -> points=100
2026-03-09 refund a line=1 quantity=1         -> takes_back=50 pays_back=50.00 points=50
