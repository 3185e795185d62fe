# ODR01. The threshold is inclusive, and counts with or without tax: a cart of 1005.00 without and 1155.75 with
# tax. Three versions of the rule, one a month: 1006 without, 1005 without, 1006 with tax.
# Source: Odoo Sale, odoo/odoo addons/sale_loyalty/tests/test_program_rules.py
programme ../plain.json
with rewards.1={"code":"R","kind":"percent","percent":10,"automatic":true,"when":{"basket_minor_min":100600,"spend_without_tax":true}}
programme ../plain.json
with version=2
with effective_from=2026-02-01T00:00:00Z
with rewards.1={"code":"R","kind":"percent","percent":10,"automatic":true,"when":{"basket_minor_min":100500,"spend_without_tax":true}}
programme ../plain.json
with version=3
with effective_from=2026-03-01T00:00:00Z
with rewards.1={"code":"R","kind":"percent","percent":10,"automatic":true,"when":{"basket_minor_min":100600,"spend_without_tax":false}}

2026-01-15 ann enrols
2026-01-15 ann asks 10 x 115.00 tax=150.00, 5.75 tax=0.75   -> total=1155.75 discount=0.00
2026-02-15 ann asks 10 x 115.00 tax=150.00, 5.75 tax=0.75   -> discount=115.58
2026-03-15 ann asks 10 x 115.00 tax=150.00, 5.75 tax=0.75   -> discount=115.58
