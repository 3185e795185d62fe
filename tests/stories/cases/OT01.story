# OT01. 1 %, 2 % and 5 % of 100 are 1, 2 and 5 points: three versions of a programme.
# Source: Loyverse, https://help.loyverse.com/help/how-customer-loyalty-program
programme ../../../app/programme/samples/club.json with earn.rules.1.per_minor=10000
programme ../../../app/programme/samples/club.json with earn.rules.1.per_minor=5000 version=2 effective_from=2026-02-01T00:00:00+08:00
programme ../../../app/programme/samples/club.json with earn.rules.1.per_minor=2000 version=3 effective_from=2026-03-01T00:00:00+08:00

2026-01-02 ann enrols
2026-01-02 ann buys 100.00                    -> earned=1
2026-02-02 ann buys 100.00                    -> earned=2
2026-03-02 ann buys 100.00                    -> earned=5
