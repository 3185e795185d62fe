# ODP11. 100 points a unit, each worth 1.00, from 10 on, and the points of a basket pay for itself: of a basket
# of 10.00 10 points pay 10.00, and no more.
# Source: Odoo POS, odoo/odoo addons/pos_loyalty/tests/test_loyalty_mirror.py (reward_cost_overspend)
programme ../plain.json
with earn.rules.1={"code":"unit","points":100,"per_items":1}
with redeem={"step_points":1,"step_value_minor":100,"minimum_points":10,"earned_pays":true}

2026-03-02 ann enrols
2026-03-02 ann buys 1 x 10.00 redeem=11       -> refused rule
2026-03-02 ann buys 1 x 10.00 redeem=9        -> refused rule
2026-03-02 ann buys 1 x 10.00 redeem=10       -> redeemed=10 redeemed_value=10.00 pays=0.00 earned=100 points=90
