# SQ03. A multiplier of 1.5 makes 6 of 4 points.
# Source: Square, square/connect-api-specification api.json LoyaltyPromotionIncentivePointsMultiplierData
programme ../../../app/programme/samples/club.json with tiers.levels.1.multiplier_pct=150

2026-03-02 ann enrols
2026-03-02 ann buys 4.00                      -> earned=6
