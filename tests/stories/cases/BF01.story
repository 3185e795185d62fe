# BF01. Counted in cents, two sales below the goal add up.
# Source: Bink BPL, piukhq/bpl-qa-system-tests tests/features/trenette/transaction/transaction_with_no_earn_threshold.feature
programme ../../../app/programme/samples/club.json with earn.rules.1.per_minor=1 tiers.levels.2.threshold=90000000 tiers.levels.3.threshold=91000000 tiers.levels.4.threshold=92000000 tiers.levels.5.threshold=93000000

2026-03-02 ann enrols
2026-03-02 ann buys 20.00                     -> points=2000
2026-03-02 ann buys 6.50                      -> points=2650
