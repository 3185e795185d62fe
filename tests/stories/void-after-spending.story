# Voided points that are gone already become a debt; the next earns pay it.
programme ../../app/programme/samples/club.json with redeem.maximum_share_pct=100

2026-02-01 09:00 ann enrols
2026-02-01 10:00 ann buys 150.00 ref=a              -> earned=150
2026-02-01 11:00 ann buys 1.00 redeem=100           -> pays=0.00 earned=0 points=50
2026-02-01 12:00 void a                             -> points=-100 debt=100 here=0 value=0.00 lots=none
2026-02-01 13:00 ann buys 10.00 redeem=100          -> refused points short debt=100
2026-02-02       ann buys 60.00                     -> earned=60 debt_paid=60 debt=40 points=-40
2026-02-03       ann buys 90.00                     -> earned=90 debt_paid=40 debt=0 points=50 lots=2027-02-28:50
