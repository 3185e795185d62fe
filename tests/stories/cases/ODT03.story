# ODT03. The till showed one member what 4 pens would earn, then another one is asked for and pays: only who
# pays earns.
# Source: Odoo POS, odoo/odoo addons/pos_loyalty/static/tests/tours/pos_loyalty_loyalty_program_tour.js + tests/test_frontend.py (Program2 order2)
programme ../plain.json
with earn.rules.1={"code":"pens","points":1,"per_items":1}

2026-03-02 bob enrols
2026-03-02 cem enrols
2026-03-02 bob asks 4 x 3.20 sku=PEN          -> earned=4 points=0
2026-03-02 cem buys 4 x 3.20 sku=PEN          -> earned=4 points=4
2026-03-02 bob has                            -> points=0 visits=0
