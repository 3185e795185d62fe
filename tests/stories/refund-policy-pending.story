# Only points that are still pending are taken back; what may be spent already stays.
programme plain.json
with refunds.policy=pending
with earn.pending={"kind":"days","days":7}

2026-03-02 ann enrols
2026-03-02 ann buys 100.00 ref=a             -> pending=100
2026-03-05 refund a line=1 quantity=0.5      -> takes_back=50 pending=50
2026-03-09 refund a                          -> takes_back=0 points=50 debt=0
