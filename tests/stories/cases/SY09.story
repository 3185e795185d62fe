# SY09. An order that earned 150 is taken back whole.
# Source: Sylius (Setono), Setono/sylius-loyalty-plugin tests/Functional/LoyaltyLedgerClawbackTest.php
programme ../../../app/programme/samples/club.json with redeem.step_points=1 redeem.step_value_minor=1 redeem.minimum_points=1 redeem.maximum_share_pct=100

2026-03-02 ann enrols
2026-03-02 ann buys 150.00 ref=a              -> points=150
2026-03-02 void a                             -> points=0 debt=0
