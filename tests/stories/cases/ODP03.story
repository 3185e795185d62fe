# ODP03. 2 pieces free for 3 points: 5 pieces cost 9, of 50 points 41 are left.
# Source: Odoo POS, odoo/odoo addons/pos_loyalty/tests/test_pos_loyalty_points.py (test_free_product_cost_depends_on_qty)
programme ../plain.json
with earn.rules=[]
with rewards.1={"code":"PENS","kind":"item","lines":{"skus":["PEN"]},"cost":3,"get":2}

2026-03-02 ann enrols
2026-03-02 ann brings 50
2026-03-02 ann buys 5 x 1.00 sku=PEN claims PENS x5   -> cost=9 total=5.00 discount=5.00 pays=0.00 points=41
