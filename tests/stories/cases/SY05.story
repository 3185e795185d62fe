# SY05. 70 points out of two lots of 50: 30 are left in the later one.
# Source: Sylius (Setono), Setono/sylius-loyalty-plugin tests/Replay/LotReplayerTest.php
programme ../../../app/programme/samples/club.json with redeem.step_points=1 redeem.step_value_minor=1 redeem.minimum_points=1 redeem.maximum_share_pct=100

2026-03-02 ann enrols
2026-03-02 ann brings 50 expires=2027-01-01
2026-03-02 ann brings 50 expires=2027-02-01
2026-03-02 ann buys 0.70 redeem=70            -> points=30 lots=2027-02-01:30
