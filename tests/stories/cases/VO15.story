# VO15. To the end of the month, and 7 days: reached on 10 March, it holds to 7 April.
# Source: Voucherify, voucherifyio/voucherify-openapi documentation/build/loyalty-tiers.mdx (doc says 7th of the next month)
programme ../plain.json
with tiers={"metric":"spend","window":"month","hold":"period","grace":{"days":7},"levels":[{"code":"none"},{"code":"Gold","threshold":10000}]}

2026-03-10 ann enrols
2026-03-10 ann buys 100.00                    -> tier=Gold
2026-04-07 ann has                            -> tier=Gold
2026-04-08 ann has                            -> tier=none
