# ODP01. 10 points an order, only when the code PROMO10 was given.
# Source: Odoo POS, odoo/odoo addons/pos_loyalty/tests/test_pos_loyalty_points.py (test_with_code_rule_earns_only_when_code_applied)
programme ../plain.json
with earn.rules.1={"code":"base","points":10,"when":{"codes":["PROMO10"]}}

2026-03-02 ann enrols
2026-03-02 ann buys 100.00                    -> earned=0  points=0  why.base=when
2026-03-02 ann buys 100.00 code=PROMO10       -> earned=10 points=10
