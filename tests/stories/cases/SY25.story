# SY25. A balance of 200, and 500 are wanted: there all 200 go. Here the wish is refused; a till that asks for
# the most gets 200.
# Source: Sylius (Setono), Setono/sylius-loyalty-plugin tests/Functional/RedemptionLedgerTest.php
programme ../plain.json
with earn.rules=[]

2026-03-02 ann enrols
2026-03-02 ann brings 200
2026-03-02 ann buys 100.00 redeem=500         -> refused points short points=200
2026-03-02 ann buys 100.00 redeem=most        -> redeemed=200 points=0
