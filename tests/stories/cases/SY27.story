# SY27. 300 of 1000 spent, then rolled back, once.
# Source: Sylius (Setono), Setono/sylius-loyalty-plugin tests/Functional/RedemptionLedgerTest.php
programme ../../../app/programme/samples/club.json with redeem.step_points=1 redeem.step_value_minor=1 redeem.minimum_points=1 redeem.maximum_share_pct=100

2026-03-02 ann enrols
2026-03-02 ann brings 1000
2026-03-02 ann buys 3.00 redeem=300 ref=a     -> points=700
2026-03-02 void a                             -> points=1000
2026-03-02 void a                             -> again points=1000
