# BV01. Everything counts in cents, without threshold or cap: 600 of 600.
# Source: Bink Vela, piukhq/vela tests/unit/test_utils.py
programme ../../../app/programme/samples/club.json with earn.rules.1.per_minor=1 tiers.levels.2.threshold=90000000 tiers.levels.3.threshold=91000000 tiers.levels.4.threshold=92000000 tiers.levels.5.threshold=93000000

2026-03-02 ann enrols
2026-03-02 ann buys 6.00                      -> earned=600
