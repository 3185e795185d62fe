# ODF01. Buy 2, take 1: of 1 piece 0 are free, 1 is paid.
# Source: Odoo POS, odoo/odoo addons/pos_loyalty/static/src/app/models/pos_order.js (doc table of computeFreeQuantity)
programme ../plain.json
with rewards.1={"code":"MORE","kind":"bundle","automatic":true,"lines":{"skus":["A"]},"buy":2,"get":1}

2026-03-02 ann enrols
2026-03-02 ann buys 1 x 10.00 sku=A            -> discount=0.00 pays=10.00
