# A cap may also refuse: a rule that would pass it gives nothing at all.
programme plain.json
with earn.rules.1.caps=[{"per":"sale","points":50,"refuses":true}]

2026-03-02 ann enrols
2026-03-02 ann buys 50.00                    -> earned=50
2026-03-02 ann buys 51.00                    -> earned=0 why.base=capped
