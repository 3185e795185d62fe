# ODX01. 5 points per 1.00; a reward costs 500. The older lot is drained first: 75 are left of the first
# order, then 380 of the second; 90 days later (here three months) nothing. Each reward pays a basket of its
# own, which earns nothing.
# Source: Odoo Sale, odoo/odoo addons/sale_loyalty/tests/test_expire_loyalty_points.py (115*5-500=75; 75 drained first, 805-425=380: prices from other tests of the same class)
programme ../../../app/programme/samples/club.json with earn.rules.1.per_minor=20 redeem.step_points=500 redeem.step_value_minor=2000 redeem.minimum_points=500 redeem.maximum_share_pct=100 expiry={"kind":"months","months":3} tiers.levels.2.threshold=90000000 tiers.levels.3.threshold=91000000 tiers.levels.4.threshold=92000000 tiers.levels.5.threshold=93000000

2026-03-01 ann enrols
2026-03-01 ann buys 115.00                    -> earned=575
2026-03-01 ann buys 20.00 redeem=500          -> pays=0.00 earned=0 lots=2026-06-01:75
2026-03-02 ann buys 161.00                    -> earned=805
2026-03-02 ann buys 20.00 redeem=500          -> lots=2026-06-02:380
2026-06-03 ann has                            -> points=0 expired=380
