# ODS05. 10 % off food, and only food earns: food 100.00, other 50.00: 140.00 paid, 90 points.
# Source: Odoo Sale, odoo/odoo addons/sale_loyalty/tests/test_loyalty.py (…specific_discount_code_specific_domain…)
programme ../plain.json
with earn.rules.1.lines={"categories":["food"]}
with rewards.1={"code":"TEN","kind":"percent","percent":10,"automatic":true,"lines":{"categories":["food"]}}

2026-03-02 ann enrols
2026-03-02 ann buys 100.00 cat=food, 50.00 cat=other   -> pays=140.00 earned=90 line.1=90.00 line.2=50.00
