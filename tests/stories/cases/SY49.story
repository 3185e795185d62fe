# SY49. A step of 0 points pays nothing. A programme of ours that says nothing about paying with points is the
# same; a step of 0 is a mistake in the document.
# Source: Sylius (Setono), Setono/sylius-loyalty-plugin tests/Unit/Redemption/RedemptionCalculatorTest.php
programme {
  "programme": "No payment", "version": 1, "effective_from": "2015-01-01T00:00:00Z", "time_zone": "Z",
  "currency": { "code": "EUR", "exponent": 2 },
  "earn": { "rules": [ { "code": "base", "points": 1, "per_minor": 100 } ] }
}

2026-03-02 ann enrols
2026-03-02 ann brings 5000
2026-03-02 ann asks 1000.00                   -> most=0 most_online=0
2026-03-02 ann buys 1000.00 redeem=1000       -> refused rule points=5000
