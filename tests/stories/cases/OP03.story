# OP03. 40 of 20 points can't be spent, and nothing changes.
# Source: Open Source POS, opensourcepos/opensourcepos tests/Models/CustomerRewardPointsTest.php
programme ../../../app/programme/samples/club.json with redeem.step_points=1 redeem.step_value_minor=1 redeem.minimum_points=1 redeem.maximum_share_pct=100

2026-03-02 ann enrols
2026-03-02 ann brings 20
2026-03-02 ann buys 10.00 redeem=40           -> refused points short points=20
