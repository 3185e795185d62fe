# A new version rules from its hour on; what was earned before keeps its last day.
programme ../../app/programme/samples/club.json
programme ../../app/programme/samples/club.json with version=2 effective_from=2026-07-01T00:00:00+08:00 earn.rules.1.per_minor=50 expiry={"kind":"never"}

2026-06-30 23:59 ann enrols
2026-06-30 23:59 ann buys 10.00                             -> earned=10 expires=2027-06-30
2026-07-01 00:00 ann buys 10.00                             -> earned=20 expires=never
2027-07-01 00:00 ann has                                    -> points=20 expired=10 lots=never:20
