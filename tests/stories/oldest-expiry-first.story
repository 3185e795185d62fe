# What lapses first is spent first, of what this till's drawer holds.
programme ../../app/programme/samples/club.json with redeem.step_points=10 redeem.step_value_minor=10 redeem.minimum_points=10

2026-01-05 ann enrols
2026-01-05 ann buys 50.00                   -> earned=50 expires=2027-01-31
2026-02-05 ann buys 60.00                   -> earned=60 expires=2027-02-28
2026-02-06 ann buys 5.00                    -> lots=2027-01-31:50,2027-02-28:65    # one lot for a last day
2026-03-01 ann buys 120.00 redeem=60        -> pays=119.40 earned=119 lots=2027-02-28:55,2027-03-31:119
2026-03-02 ann brings 30 expires=2026-06-30 -> lots=2026-06-30:30,2027-02-28:55,2027-03-31:119
2026-03-03 ann buys 5.00 redeem=10          -> drew=0 lots_here=2027-02-28:45,2027-03-31:123     # enough is here
2026-03-04 ann buys 50.00 redeem=180        -> drew=12 lots_here=2027-03-31:48 hq=18             # 12, 45 and 123
