# ODR03. 5 % from 2 pieces, 10 % from 4: the better one counts, not both.
# Source: Odoo Sale, odoo/odoo addons/sale_loyalty/tests/test_program_rules.py
programme ../plain.json
with groups.1={"code":"order","kind":"best"}
with rewards.1={"code":"FIVE","kind":"percent","percent":5,"automatic":true,"group":"order","when":{"quantity_milli_min":2000}}
with rewards.2={"code":"TEN","kind":"percent","percent":10,"automatic":true,"group":"order","when":{"quantity_milli_min":4000}}

2026-03-02 ann enrols
2026-03-02 ann asks 1 x 100.00                -> discount=0.00
2026-03-02 ann asks 3 x 100.00                -> discount=15.00
2026-03-02 ann asks 5 x 100.00                -> discount=50.00 times.FIVE=0 times.TEN=1
