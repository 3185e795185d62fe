# VO07. 100 points are redeemed by themselves as soon as they are there, before the tiers look at the balance:
# the tier from 100 is never reached.
# Source: Voucherify, voucherifyio/voucherify-openapi documentation/build/loyalty-points.mdx
programme ../plain.json
with purses.1={"code":"voucher"}
with rewards.1={"code":"GOAL","kind":"purse","automatic":true,"gives_purse":"voucher","cost":100}
with tiers={"metric":"balance","levels":[{"code":"none"},{"code":"Gold","threshold":100}]}

2026-03-02 ann enrols
2026-03-02 ann buys 100.00                    -> points=0 points.voucher=1 tier=none
2026-03-03 ann has                            -> tier=none
