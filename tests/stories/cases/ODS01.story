# ODS01. With a step of 3 points, 11 points (10 on the card, 1 just earned) are worth 9.
# Source: Odoo Sale, odoo/odoo addons/sale_loyalty/tests/test_loyalty.py (test_nominative_programs)
programme ../../../app/programme/samples/club.json with redeem.step_points=3 redeem.step_value_minor=3 redeem.minimum_points=3

2026-03-02 ann enrols
2026-03-02 ann buys 10.00                     -> points=10
2026-03-02 ann buys 1.00                      -> points=11
2026-03-02 ann asks 100.00                    -> most=9
