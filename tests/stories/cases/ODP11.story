# ODP11. A reward of 1.00 a point, from 10 points, never pays more than the basket. There the points earned by
# the basket itself pay at once; here they are those of a basket before.
# Source: Odoo POS, odoo/odoo addons/pos_loyalty/tests/test_loyalty_mirror.py (reward_cost_overspend)
programme ../../../app/programme/samples/club.json with earn.rules.1.per_minor=1 redeem.step_points=1 redeem.step_value_minor=100 redeem.minimum_points=10 redeem.maximum_share_pct=100

2026-03-02 ann enrols
2026-03-02 ann buys 10.00                     -> earned=1000
2026-03-02 ann asks 10.00                     -> most=10
2026-03-02 ann buys 10.00 redeem=11           -> refused rule
2026-03-02 ann buys 10.00 redeem=10           -> redeemed_value=10.00 pays=0.00
