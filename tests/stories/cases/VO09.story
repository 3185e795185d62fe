# VO09. Gold from 250, Bronze from 50: 200 of 250 spent, and it is Bronze at once.
# Source: Voucherify, voucherifyio/voucherify-openapi documentation/build/create-tier-structures.mdx
programme ../plain.json
with tiers={"metric":"balance","grace":{},"levels":[{"code":"none"},{"code":"Bronze","threshold":50},{"code":"Gold","threshold":250}]}

2026-07-20 ann enrols
2026-07-20 ann buys 250.00                    -> tier=Gold
2026-07-25 ann buys 2.00 redeem=200           -> points=50 tier=Bronze
