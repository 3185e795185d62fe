# OP01. 10 points and 5 more are 15.
# Source: Open Source POS, opensourcepos/opensourcepos tests/Models/CustomerRewardPointsTest.php
programme ../../../app/programme/samples/club.json with redeem.step_points=1 redeem.step_value_minor=1 redeem.minimum_points=1 redeem.maximum_share_pct=100

2026-03-02 ann enrols
2026-03-02 ann brings 10
2026-03-02 ann buys 5.00                      -> points=15
