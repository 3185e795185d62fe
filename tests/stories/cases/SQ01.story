# SQ01. One point per 10 spent; what is below the next 10 is dropped.
# Source: Square, square/connect-api-specification api.json LoyaltyProgramAccrualRuleSpendData
programme ../../../app/programme/samples/club.json with earn.rules.1.per_minor=1000

2026-03-02 ann enrols
2026-03-02 ann buys 105.00                    -> earned=10
