# ODT01. A point a pen that is paid; a pen costs 4 points, and the points of a basket may pay for its own claim.
# 2 pens, then 3 of which one is claimed, then 4: 6.40, 6.40, 12.80, and 4 points in the end.
# Source: Odoo POS, odoo/odoo addons/pos_loyalty/static/tests/tours/pos_loyalty_loyalty_program_tour.js + tests/test_frontend.py (PosLoyaltyLoyaltyProgram1)
programme ../plain.json
with earn.rules.1={"code":"pens","points":1,"per_items":1,"lines":{"skus":["PEN"]}}
with rewards.1={"code":"PEN","kind":"item","lines":{"skus":["PEN"]},"cost":4}
with redeem.earned_pays=true

2026-03-02 ann enrols
2026-03-02 ann buys 2 x 3.20 sku=PEN                 -> pays=6.40  points=2
2026-03-02 ann buys 3 x 3.20 sku=PEN claims PEN      -> pays=6.40  earned=2 points=0
2026-03-02 ann buys 4 x 3.20 sku=PEN                 -> pays=12.80 points=4
