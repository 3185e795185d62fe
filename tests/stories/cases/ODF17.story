# ODF17. Buy 2, take 3: of 7 pieces 3 are free, 4 are paid.
# Source: Odoo POS, odoo/odoo addons/pos_loyalty/static/src/app/models/pos_order.js (doc table of computeFreeQuantity)
programme ../plain.json
with rewards.1={"code":"MORE","kind":"bundle","automatic":true,"lines":{"skus":["A"]},"buy":2,"get":3}

2026-03-02 ann enrols
2026-03-02 ann buys 7 x 10.00 sku=A            -> discount=30.00 pays=40.00
