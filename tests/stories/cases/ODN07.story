# ODN07. One discount on the whole order: the first one is taken, 288.00; a second one is refused.
# Source: Odoo Sale, odoo/odoo addons/sale_loyalty/tests/test_program_numbers.py
programme ../plain.json
with groups.1={"code":"order","kind":"first"}
with rewards.1={"code":"AUTO","kind":"percent","percent":10,"automatic":true,"group":"order"}
with rewards.2={"code":"SECOND","kind":"percent","percent":10,"group":"order"}

2026-03-02 ann enrols
2026-03-02 ann asks 320.00                           -> pays=288.00 times.AUTO=1
2026-03-02 ann asks 320.00 claims SECOND             -> refused rule
