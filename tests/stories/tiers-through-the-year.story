# Tiers count what is paid in a calendar year; reached is reached from the next sale on, and to the end of the
# year after.
programme ../../app/programme/samples/club.json

2026-02-01  ann enrols                     -> tier=P next=IP needs=500.00
2026-02-01  ann buys 499.99                -> earned=499 tier=P needs=0.01
2026-02-02  ann asks 0.01                  -> earned=0 tier=P tier_after=IP
2026-02-02  ann buys 0.01                  -> earned=0 tier=IP next=VIP needs=1500.00
2026-03-01  ann buys 100.00                -> earned=110           # the IP's 10 %
2026-04-01  ann buys 1400.00               -> earned=1540 tier=VIP
2026-04-02  ann buys 100.00                -> earned=125 next=2xVIP needs=5900.00
2026-12-31 23:59 ann buys 100.00           -> earned=125 tier=VIP
2027-01-01 00:00 ann has                   -> tier=VIP needs=8000.00   # kept, and the count begins anew
2027-06-01  ann buys 600.00                -> earned=750 tier=VIP needs=7400.00
2027-12-31  ann has                        -> tier=VIP
2028-01-01  ann has                        -> tier=IP next=VIP needs=2000.00  # what 2027 brought
2029-01-01  ann has                        -> tier=P
