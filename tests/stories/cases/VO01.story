# VO01. One month: earned on 25 January, usable to the end of 25 February.
# Source: Voucherify, voucherifyio/voucherify-openapi documentation/build/loyalty-points.mdx
programme ../../../app/programme/samples/club.json with expiry={"kind":"months","months":1}

2026-01-25 ann enrols
2026-01-25 ann buys 10.00                     -> expires=2026-02-25
2026-02-25 23:59 ann has                      -> points=10
2026-02-26 00:00 ann has                      -> points=0
