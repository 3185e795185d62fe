# SY11. 150 earned, 100 of them spent, then taken back: -100.
# Source: Sylius (Setono), Setono/sylius-loyalty-plugin tests/Functional/LoyaltyLedgerClawbackTest.php
programme ../../../app/programme/samples/club.json with redeem.step_points=1 redeem.step_value_minor=1 redeem.minimum_points=1 redeem.maximum_share_pct=100

2026-03-02 ann enrols
2026-03-02 ann buys 150.00 ref=a              -> points=150
2026-03-02 ann buys 1.00 redeem=100           -> points=50
2026-03-02 void a                             -> points=-100 debt=100
