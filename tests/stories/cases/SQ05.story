# SQ05. Twelve months, to the end of the month: earned on 6 July 2020, gone on 1 August 2021.
# Source: Square, square/connect-api-specification api.json LoyaltyProgramExpirationPolicy
programme ../../../app/programme/samples/club.json with effective_from=2020-01-01T00:00:00+08:00

2020-07-06 ann enrols
2020-07-06 ann buys 10.00                     -> expires=2021-07-31
2021-07-31 ann has                            -> points=10
2021-08-01 ann has                            -> points=0
