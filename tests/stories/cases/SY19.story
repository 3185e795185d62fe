# SY19. Looking twice, or selling in between, lets nothing lapse twice.
# Source: Sylius (Setono), Setono/sylius-loyalty-plugin tests/Functional/LoyaltyLedgerExpireTest.php
programme ../../../app/programme/samples/club.json with redeem.step_points=1 redeem.step_value_minor=1 redeem.minimum_points=1 redeem.maximum_share_pct=100

2026-03-01 ann enrols
2026-03-01 ann brings 150 expires=2026-03-01
2026-03-02 ann has                            -> points=0 expired=150
2026-03-02 ann buys 0.50                      -> points=0 expired=150
2026-03-02 ann has                            -> points=0 expired=150
