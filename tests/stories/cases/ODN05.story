# ODN05. 8 cabinets of 320.00 and 15 % tax, 10 drawers of 25.00 without; 20 % off the cabinets: 2605.20.
# Source: Odoo Sale, odoo/odoo addons/sale_loyalty/tests/test_program_numbers.py
programme ../plain.json
with rewards.1={"code":"FIFTH","kind":"percent","percent":20,"automatic":true,"lines":{"skus":["CABINET"]}}

2026-03-02 ann enrols
2026-03-02 ann asks 8 x 368.00 sku=CABINET tax=384.00, 10 x 25.00 sku=DRAWER   -> total=3194.00 pays=2605.20
