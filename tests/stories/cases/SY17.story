# SY17. Of 100 to yesterday and 50 to tomorrow, 50 are left.
# Source: Sylius (Setono), Setono/sylius-loyalty-plugin tests/Functional/LoyaltyLedgerExpireTest.php
programme ../../../app/programme/samples/club.json with redeem.step_points=1 redeem.step_value_minor=1 redeem.minimum_points=1 redeem.maximum_share_pct=100

2026-03-01 ann enrols
2026-03-01 ann brings 100 expires=2026-03-01
2026-03-01 ann brings 50 expires=2026-03-03   -> points=150
2026-03-02 ann has                            -> points=50 expired=100 lots=2026-03-03:50
