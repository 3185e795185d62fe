# Before the multiplier or after it: 800 points at 150 % pass a cap of 1000 in the first programme, and are cut
# to it from February on.
programme plain.json
with earn.rules.1.caps=[{"per":"sale","points":1000,"before_multiplier":true}]
with tiers={"metric":"spend","levels":[{"code":"all","multiplier_pct":150}]}
programme plain.json with version=2 effective_from=2026-02-01T00:00:00Z
with earn.rules.1.caps=[{"per":"sale","points":1000}]
with tiers={"metric":"spend","levels":[{"code":"all","multiplier_pct":150}]}

2026-01-02 ann enrols
2026-01-02 ann buys 800.00                   -> earned=1200
2026-02-02 ann buys 800.00                   -> earned=1000
