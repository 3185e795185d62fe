# Double and triple points on one line: six times, five times or three times, as the programme says.
programme plain.json with version=1 effective_from=2026-01-01T00:00:00Z earn.multipliers=compound
with earn.rules.2={"code":"double","multiply_pct":200} earn.rules.3={"code":"tea","multiply_pct":300,"lines":{"categories":["tea"]}}
programme plain.json with version=2 effective_from=2026-02-01T00:00:00Z earn.multipliers=sum
with earn.rules.2={"code":"double","multiply_pct":200} earn.rules.3={"code":"tea","multiply_pct":300,"lines":{"categories":["tea"]}}
programme plain.json with version=3 effective_from=2026-03-01T00:00:00Z earn.multipliers=best
with earn.rules.2={"code":"double","multiply_pct":200} earn.rules.3={"code":"tea","multiply_pct":300,"lines":{"categories":["tea"]}}

2026-01-02 ann enrols
2026-01-02 ann buys 10.00 cat=tea            -> earned=60
2026-02-02 ann buys 10.00 cat=tea            -> earned=40      # 100 % and 200 % more
2026-03-02 ann buys 10.00 cat=tea            -> earned=30
