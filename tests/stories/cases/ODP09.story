# ODP09. What is processed twice counts once.
# Source: Odoo POS, odoo/odoo addons/pos_loyalty/tests/test_loyalty_history.py (test_duplicate_coupon_confirm)
programme ../../../app/programme/samples/club.json with redeem.step_points=1 redeem.step_value_minor=100 redeem.minimum_points=1 redeem.maximum_share_pct=100 tiers.levels.2.threshold=90000000 tiers.levels.3.threshold=91000000 tiers.levels.4.threshold=92000000 tiers.levels.5.threshold=93000000

2026-03-02 ann enrols
2026-03-02 ann buys 50.00 ref=topup           -> points=50
2026-03-02 ann buys 50.00 ref=topup           -> again points=50
2026-03-02 ann buys 10.00 ref=spend redeem=10 -> pays=0.00 points=40
2026-03-02 ann buys 10.00 ref=spend redeem=10 -> again points=40
