# OP05. Two tills want 60 of 100 points at the same time: one gets them, 40 are left.
# Source: Open Source POS, opensourcepos/opensourcepos tests/Models/CustomerRewardPointsTest.php (GHSA-995p-52qw-5hh2)
programme ../../../app/programme/samples/club.json with redeem.step_points=1 redeem.step_value_minor=1 redeem.minimum_points=1 redeem.maximum_share_pct=100

2026-03-02 ann enrols
2026-03-02 ann brings 100
2026-03-02 till=1 ann buys 0.60 redeem=60     -> points=40
2026-03-02 till=2 ann buys 0.60 redeem=60     -> refused points short points=40
