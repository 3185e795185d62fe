# BV03. A cent a point, from 5.00 on, at most 1000 a sale: 12.00 brings 1000.
# Source: Bink Vela, piukhq/vela tests/unit/test_utils.py
programme ../plain.json
with earn.rules.1.per_minor=1
with earn.rules.1.when={"basket_minor_min":500}
with earn.rules.1.caps.1={"per":"sale","points":1000}

2026-03-02 ann enrols
2026-03-02 ann buys 12.00                     -> earned=1000
2026-03-02 ann buys 4.99                      -> earned=0
