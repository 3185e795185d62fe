# A first story: Ann's first year in the sample club.
programme ../../app/programme/samples/club.json

2026-01-10 09:00  ann enrols card="600585 00000 000001"  -> ok tier=P points=0
2026-01-10 10:00  ann buys 128.50                    -> earned=128 points=128 tier=P
2026-01-11        ann buys 400.00 ref=r2             -> earned=400 tier=IP next=VIP needs=1471.50
2026-01-12        ann buys 200.00 redeem=100         -> redeemed=100 redeemed_value=1.00 pays=199.00 earned=218
2026-01-12        void r2                            -> refused "too late"
2026-02-01        ann has                            -> points=646 lots=2027-01-31:646 debt=0 visits=3
2027-01-31        ann has                            -> points=646 expired=0
2027-02-01        ann has                            -> points=0 expired=646 lots=none
