# SY43. Items of 50.00 with 8.00 tax, shipping of 10.00 with 2.00: what earns may be the items or the total,
# with tax or without: 5000, 4200, 6000, 5000 cents. One version a month, a point a cent.
# Source: Sylius (Setono), Setono/sylius-loyalty-plugin tests/Rule/Basis/EarningBasisProviderTest.php
programme ../plain.json
with earn.rules.1.per_minor=1
with earn.lines={"categories":["item"]}
programme ../plain.json
with version=2
with effective_from=2026-02-01T00:00:00Z
with earn.rules.1.per_minor=1
with earn.lines={"categories":["item"]}
with earn.on_tax=false
programme ../plain.json
with version=3
with effective_from=2026-03-01T00:00:00Z
with earn.rules.1.per_minor=1
programme ../plain.json
with version=4
with effective_from=2026-04-01T00:00:00Z
with earn.rules.1.per_minor=1
with earn.on_tax=false

2026-01-15 ann enrols
2026-01-15 ann asks 50.00 cat=item tax=8.00, 10.00 cat=shipping tax=2.00   -> earned=5000
2026-02-15 ann asks 50.00 cat=item tax=8.00, 10.00 cat=shipping tax=2.00   -> earned=4200
2026-03-15 ann asks 50.00 cat=item tax=8.00, 10.00 cat=shipping tax=2.00   -> earned=6000
2026-04-15 ann asks 50.00 cat=item tax=8.00, 10.00 cat=shipping tax=2.00   -> earned=5000
