# BV07. At most 1000 a sale, and no more goes back: a refund of 12.00 takes 1000.
# Source: Bink Vela, piukhq/vela tests/unit/test_utils.py
programme ../plain.json
with earn.rules.1.per_minor=1
with earn.rules.1.when={"basket_minor_min":500}
with earn.rules.1.caps.1={"per":"sale","points":1000}

2026-03-02 ann enrols
2026-03-02 ann buys 12.00 ref=a               -> points=1000
2026-03-02 refund a                           -> worth=12.00 takes_back=1000 points=0
