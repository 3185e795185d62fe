# ODN01. A cabinet of 320.00, buy 3 get 1, and 10 % by code: the percentage is not taken of the free one: 3 x
# 320.00 x 0.9.
# Source: Odoo Sale, odoo/odoo addons/sale_loyalty/tests/test_program_numbers.py
programme ../plain.json
with rewards.1={"code":"MORE","kind":"bundle","automatic":true,"lines":{"skus":["CABINET"]},"buy":3,"get":1}
with rewards.2={"code":"TEN","kind":"percent","percent":10,"automatic":true,"when":{"codes":["TEN"]}}

2026-03-02 ann enrols
2026-03-02 ann buys 4 x 320.00 sku=CABINET code=TEN  -> pays=864.00 times.MORE=1 off.MORE=320.00 off.TEN=96.00
