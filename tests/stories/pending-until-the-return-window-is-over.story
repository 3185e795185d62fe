# Points are pending for as long as goods may be returned: 14 days. Till then they are seen and not spent; a
# refund takes them first.
programme plain.json
with earn.pending={"kind":"return_window"}
with refunds.window_days=14
with expiry={"kind":"months","months":12}

2026-03-01 ann enrols
2026-03-01 ann buys 100.00 ref=a             -> begins=2026-03-16 expires=2027-03-01 points=0 pending=100 lots=2026-03-16..2027-03-01:100
2026-03-15 ann buys 10.00 redeem=100         -> refused points short
2026-03-15 refund a line=1 quantity=0.5      -> takes_back=50 pending=50
2026-03-16 ann has                           -> points=50 pending=0
2026-03-16 refund a                          -> refused too late
2026-03-16 ann buys 10.00 redeem=50          -> pays=9.50
