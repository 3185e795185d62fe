# VO11. With a month of grace to the end of that month: lost on 25 July, it holds to 31 August.
# Source: Voucherify, voucherifyio/voucherify-openapi documentation/build/create-tier-structures.mdx
programme ../plain.json
with tiers={"metric":"balance","grace":{"months":1,"to_month_end":true},"levels":[{"code":"none"},{"code":"Bronze","threshold":50},{"code":"Gold","threshold":250}]}

2026-07-20 ann enrols
2026-07-20 ann buys 250.00                    -> tier=Gold
2026-07-25 ann buys 2.00 redeem=200           -> points=50 tier=Gold tier_until=2026-08-31
2026-08-31 23:59 ann has                      -> tier=Gold
2026-09-01 00:00 ann has                      -> tier=Bronze
