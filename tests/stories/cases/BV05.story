# BV05. A refund of 6.00 takes 600 back. There it stands alone; here it is of a sale, which brought them.
# Source: Bink Vela, piukhq/vela tests/unit/test_utils.py
programme ../plain.json
with earn.rules.1.per_minor=1
with earn.rules.1.when={"basket_minor_min":500}

2026-03-02 ann enrols
2026-03-02 ann buys 6.00 ref=a                -> points=600
2026-03-02 refund a                           -> takes_back=600 points=0
