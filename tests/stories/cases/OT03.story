# OT03. 0.70 rounded down is 0; 0.49 to the nearest is 0, 0.50 is 1. Rounding up is no mode of ours.
# Source: Tillpoint, https://www.tillpoint.com/us/how-to-set-main-rules-loyalty-program
programme ../../../app/programme/samples/club.json with earn.rules.1.rounding=floor
programme ../../../app/programme/samples/club.json with earn.rules.1.rounding=half_up version=2 effective_from=2026-02-01T00:00:00+08:00

2026-01-02 ann enrols
2026-01-02 ann buys 0.70                      -> earned=0
2026-02-02 ann buys 0.49                      -> earned=0
2026-02-02 ann buys 0.50                      -> earned=1
