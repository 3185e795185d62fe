# ODF07. Buy 2, take 1: of 7 pieces 2 are free, 5 are paid.
# Source: Odoo POS, odoo/odoo addons/pos_loyalty/static/src/app/models/pos_order.js (doc table of computeFreeQuantity)
programme ../plain.json
with rewards.1={"code":"MORE","kind":"bundle","automatic":true,"lines":{"skus":["A"]},"buy":2,"get":1}

2026-03-02 ann enrols
2026-03-02 ann buys 7 x 10.00 sku=A            -> discount=20.00 pays=50.00
