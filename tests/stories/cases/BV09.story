# BV09. Stamps: there a return is refused at all. Here returns have a window, of a day at least: two days later
# it is refused.
# Source: Bink Vela, piukhq/vela tests/unit/test_utils.py
programme ../plain.json
with earn.rules.1.per_minor=1
with earn.rules.1={"code":"stamp","points":200,"when":{"basket_minor_min":500}}
with refunds.window_days=1

2026-03-02 ann enrols
2026-03-02 ann buys 6.00 ref=a                -> points=200
2026-03-04 refund a                           -> refused too late points=200
