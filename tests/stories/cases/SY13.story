# SY13. Whatever somebody asks for, no more goes back than was earned: 150.
# Source: Sylius (Setono), Setono/sylius-loyalty-plugin tests/Functional/LoyaltyLedgerClawbackTest.php
programme ../plain.json

2026-03-02 ann enrols
2026-03-02 ann buys 150.00 ref=a              -> points=150
2026-03-02 refund a line=1 quantity=9999      -> refused rule points=150
2026-03-02 refund a                           -> takes_back=150 points=0
