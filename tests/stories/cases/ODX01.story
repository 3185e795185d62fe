# ODX01. 5 points per 1.00; 20 % off costs 500, which the order itself may have earned; points live for 90 days.
# 75 are left of the first order; they go first, and 380 of the second are left; on the 91st day nothing. (The
# discount does not lessen what is earned.)
# Source: Odoo Sale, odoo/odoo addons/sale_loyalty/tests/test_expire_loyalty_points.py (115*5-500=75; 75 drained first, 805-425=380: prices from other tests of the same class)
programme ../plain.json
with earn.rules.1.points=5
with earn.on_discounts=true
with rewards.1={"code":"FIFTH","kind":"percent","percent":20,"cost":500}
with expiry={"kind":"days","days":90}
with redeem.earned_pays=true

2026-03-01 ann enrols
2026-03-01 ann buys 115.00 tax=15.00 claims FIFTH         -> earned=575 cost=500 lots=2026-05-30:75
2026-03-02 ann buys 161.00 tax=21.00 claims FIFTH         -> earned=805 cost=500 lots=2026-05-31:380
2026-06-01 ann has                                        -> points=0 expired=380
