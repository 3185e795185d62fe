# A club that is bought: the fee is a product, and gives the tier for a year. Nobody reaches it by spending.
programme plain.json
with earn.rules.2={"code":"fee","gives_tier":"CLUB","months":12,"lines":{"skus":["CLUB"]}}
with tiers={"metric":"spend","levels":[{"code":"all"},{"code":"CLUB","given_only":true,"multiplier_pct":200}]}

2026-03-10 ann enrols
2026-03-10 ann buys 9000.00                  -> tier=all next=none
2026-03-10 ann buys 49.00 sku=CLUB           -> tier=CLUB tier_given=yes tier_until=2027-03-10
2026-03-11 ann buys 10.00                    -> earned=20
2027-03-10 ann has                           -> tier=CLUB
2027-03-11 ann has                           -> tier=all
