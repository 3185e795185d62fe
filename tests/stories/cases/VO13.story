# VO13. A monthly tier that holds to the end of the next month: reached on 10 March, it holds to 30 April.
# Source: Voucherify, voucherifyio/voucherify-openapi documentation/build/loyalty-tiers.mdx
programme ../plain.json
with tiers={"metric":"spend","window":"month","hold":"next_period","grace":{},"levels":[{"code":"none"},{"code":"Gold","threshold":10000}]}

2026-03-10 ann enrols
2026-03-10 ann buys 100.00                    -> tier=Gold tier_until=2026-04-30
2026-04-30 ann has                            -> tier=Gold
2026-05-01 ann has                            -> tier=none
