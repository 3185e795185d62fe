# SY23. There points that lapse on 1 January at midnight are gone at that second. Here a last day is valid to
# its end: 31 December is the last day.
# Source: Sylius (Setono), Setono/sylius-loyalty-plugin tests/Functional/LoyaltyLedgerExpireTest.php
programme ../plain.json

2025-12-01 ann enrols
2025-12-01 ann brings 150 expires=2025-12-31
2025-12-31 23:59 ann has                      -> points=150
2026-01-01 00:00 ann has                      -> points=0 expired=150
