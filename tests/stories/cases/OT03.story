# OT03. 0.30 rounded up is 1, 0.70 down is 0; 0.49 to the nearest is 0, 0.50 is 1.
# Source: Tillpoint, https://www.tillpoint.com/us/how-to-set-main-rules-loyalty-program
programme ../plain.json
with earn.rules.1.rounding=ceil
programme ../plain.json
with version=2 effective_from=2026-02-01T00:00:00Z
programme ../plain.json
with version=3 effective_from=2026-03-01T00:00:00Z earn.rules.1.rounding=half_up

2026-01-15 ann enrols
2026-01-15 ann buys 0.30                      -> earned=1
2026-02-15 ann buys 0.70                      -> earned=0
2026-03-15 ann buys 0.49                      -> earned=0
2026-03-15 ann buys 0.50                      -> earned=1
