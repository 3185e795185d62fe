# OT07. A tier kept from 5000 on: after a year with 4000 it is lost, when the year that it was kept for is
# over. 1000 are missing to keep it.
# Source: Capillary, https://docs.capillarytech.com/docs/tier-downgrade-renewal
programme ../../../app/programme/samples/club.json with tiers.levels.2.threshold=500000 tiers.levels.3.threshold=1000000 tiers.levels.4.threshold=2000000 tiers.levels.5.threshold=3000000

2026-03-02 ann enrols
2026-03-02 ann buys 5000.00                   -> tier=IP
2027-03-02 ann buys 4000.00                   -> tier=IP keep_needs=1000.00 keep_until=2027-12-31
2028-01-01 ann has                            -> tier=P
