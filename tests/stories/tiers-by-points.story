# Tiers may count the points earned instead of the money paid.
programme ../../app/programme/samples/club.json with tiers.metric=points tiers.levels.2.threshold=100 tiers.levels.3.threshold=200

2026-02-01  ann enrols             -> tier=P needs=100
2026-02-01  ann buys 99.99         -> earned=99 tier=P needs=1
2026-02-01  ann buys 1.00          -> earned=1 tier=IP needs=100
2026-02-01  ann buys 80.00         -> earned=88 tier=IP needs=12
2026-02-01  ann buys 11.00         -> earned=12 tier=VIP
2026-02-01  ann asks 100.00 redeem=100 -> tier_after=VIP pays=99.00 earned=123
