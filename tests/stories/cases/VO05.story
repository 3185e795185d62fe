# VO05. Points that are given to somebody begin anew: given on 25 January, usable to the end of 25 February.
# Source: Voucherify, voucherifyio/voucherify-openapi documentation/build/loyalty-points.mdx
programme ../plain.json
with expiry={"kind":"months","months":1}
with transfer={"allowed":true,"renews_expiry":true}

2026-01-10 ann enrols
2026-01-10 bob enrols
2026-01-10 ann brings 100                     -> lots=2026-02-10:100
2026-01-25 ann gives 100 to=bob               -> points=0
2026-01-25 bob has                            -> lots=2026-02-25:100
2026-02-25 23:59 bob has                      -> points=100
2026-02-26 00:00 bob has                      -> points=0
