# VO03. One month from 31 January is the end of 28 February.
# Source: Voucherify, voucherifyio/voucherify-openapi documentation/build/loyalty-points.mdx
programme ../../../app/programme/samples/club.json with expiry={"kind":"months","months":1}

2026-01-31 ann enrols
2026-01-31 ann buys 10.00                     -> expires=2026-02-28
2026-02-28 23:59 ann has                      -> points=10
2026-03-01 00:00 ann has                      -> points=0
