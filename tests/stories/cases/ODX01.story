# ODX01. 5 points per 1.00; 20 % off costs 500; points live for 90 days. What lapses first is spent first: 75
# are left of the first order, then they go first and 380 of the second are left; on the 91st day nothing. There
# an order's own points pay for its reward, on the full price; here each reward is taken with a basket of its
# own that earns nothing.
# Source: Odoo Sale, odoo/odoo addons/sale_loyalty/tests/test_expire_loyalty_points.py (115*5-500=75; 75 drained first, 805-425=380: prices from other tests of the same class)
programme ../plain.json
with earn.rules.1.points=5
with earn.lines={"except_categories":["nothing"]}
with rewards.1={"code":"FIFTH","kind":"percent","percent":20,"cost":500}
with expiry={"kind":"days","days":90}

2026-03-01 ann enrols
2026-03-01 ann buys 115.00                                -> earned=575
2026-03-01 ann buys 10.00 cat=nothing claims FIFTH        -> discount=2.00 cost=500 lots=2026-05-30:75
2026-03-02 ann buys 161.00                                -> earned=805
2026-03-02 ann buys 10.00 cat=nothing claims FIFTH        -> lots=2026-05-31:380
2026-06-01 ann has                                        -> points=0 expired=380
