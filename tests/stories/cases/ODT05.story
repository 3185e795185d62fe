# ODT05. A pen was claimed for 4 points, then the member is taken off the sale: the reward goes with the member.
# A sale of nobody does not reach us: 6.40 is what the basket costs without the claim, and the points stay.
# Source: Odoo POS, odoo/odoo addons/pos_loyalty/static/tests/tours/pos_loyalty_loyalty_program_tour.js + tests/test_frontend.py (Program2 order4)
programme ../plain.json
with earn.rules.1={"code":"pens","points":1,"per_items":1}
with rewards.1={"code":"PEN","kind":"item","lines":{"skus":["PEN"]},"cost":4}

2026-03-02 cem enrols
2026-03-02 cem brings 4
2026-03-02 cem asks 2 x 3.20 sku=PEN claims PEN   -> pays=3.20 cost=4 times.PEN=1
2026-03-02 cem asks 2 x 3.20 sku=PEN              -> pays=6.40 cost=0 times.PEN=0
2026-03-02 cem has                                -> points=4
