# OLC01. A point worth 2.00: 50 points pay a basket of 100.
# Source: Open Loyalty 3.2, DivanteLtd/open-loyalty backend/doc/userguide/reward_campaigns/creation/cashback.rst
programme ../../../app/programme/samples/club.json with redeem.step_points=1 redeem.step_value_minor=200 redeem.minimum_points=1 redeem.maximum_share_pct=100

2026-03-02 ann enrols
2026-03-02 ann brings 50
2026-03-02 ann buys 100.00 redeem=50          -> redeemed_value=100.00 pays=0.00 points=0
