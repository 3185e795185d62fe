# SY29. 150 for signing up, once.
# Source: Sylius (Setono), Setono/sylius-loyalty-plugin tests/Functional/LoyaltyLedgerTest.php
programme ../plain.json
with awards.1={"code":"HELLO","kind":"sign_up","points":150}

2026-03-02 ann enrols                         -> earned=150 points=150
2026-03-02 ann gets award=HELLO               -> refused exists points=150
