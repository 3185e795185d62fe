# ODS03. 10 % by code: of 100.00 90.00 is paid, and earns.
# Source: Odoo Sale, odoo/odoo addons/sale_loyalty/tests/test_loyalty.py (test_points_awarded_discount_code_no_domain_program)
programme ../plain.json
with rewards.1={"code":"TEN","kind":"percent","percent":10,"automatic":true,"when":{"codes":["TEN"]}}

2026-03-02 ann enrols
2026-03-02 ann buys 100.00 code=TEN           -> pays=90.00 earned=90
2026-03-02 ann buys 100.00                    -> pays=100.00 earned=100
