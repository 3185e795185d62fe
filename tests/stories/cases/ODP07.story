# ODP07. A sale of 100 earns 70 and its reward costs 150 of 200 points; undoing it gives all back. Here the
# undoing is a void on the same day, and the reward a discount paid with points.
# Source: Odoo POS, odoo/odoo addons/pos_loyalty/tests/test_pos_loyalty_points.py (test_refund_reverses_earned_and_returns_spent)
programme ../../../app/programme/samples/club.json with earn.rules.1.points=7 earn.rules.1.per_minor=1000 earn.on_redeemed=true redeem.step_points=150 redeem.step_value_minor=100 redeem.minimum_points=150

2026-03-02 ann enrols
2026-03-02 ann brings 200
2026-03-02 ann buys 100.00 redeem=150 ref=a   -> earned=70 points=120
2026-03-02 void a                             -> points=200
