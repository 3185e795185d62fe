# OLX01. Expiry at the end of the month: earned on 22 January, gone on 1 February.
# Source: Open Loyalty 3.2, DivanteLtd/open-loyalty backend/doc/userguide/getting_started/settings/Configuration/settings.rst
programme ../../../app/programme/samples/club.json with expiry.months=0

2026-01-22 ann enrols
2026-01-22 ann buys 10.00                     -> expires=2026-01-31
2026-01-31 23:59 ann has                      -> points=10
2026-02-01 00:00 ann has                      -> points=0
