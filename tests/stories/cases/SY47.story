# SY47. 100 points pay 5.00, from 100; of 5000 points 1050 are wanted: there 1000 are taken. Here 1050 are
# refused, being off the step, and 1000 are taken.
# Source: Sylius (Setono), Setono/sylius-loyalty-plugin tests/Unit/Redemption/RedemptionCalculatorTest.php
programme ../plain.json
with redeem={"step_points":100,"step_value_minor":500}

2026-03-02 ann enrols
2026-03-02 ann brings 5000
2026-03-02 ann buys 1000.00 redeem=1050       -> refused rule
2026-03-02 ann buys 1000.00 redeem=1000       -> redeemed=1000 redeemed_value=50.00
