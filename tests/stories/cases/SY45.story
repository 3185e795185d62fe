# SY45. A cent a point, from 500, at most half of 100.00: of 1000 wanted, the 700 that are there can pay. We
# answer what is possible and refuse the rest; there the wish is cut.
# Source: Sylius (Setono), Setono/sylius-loyalty-plugin tests/Unit/Redemption/RedemptionCalculatorTest.php
programme ../../../app/programme/samples/club.json with redeem.step_points=1 redeem.step_value_minor=1 redeem.minimum_points=500 redeem.maximum_share_pct=50

2026-03-02 ann enrols
2026-03-02 ann brings 700
2026-03-02 ann asks 100.00                    -> most_online=700
2026-03-02 ann buys 100.00 redeem=1000        -> refused points short
2026-03-02 ann buys 100.00 redeem=700         -> redeemed=700 pays=93.00
