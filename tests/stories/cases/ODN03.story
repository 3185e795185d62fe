# ODN03. 20 % from 320.00 without tax: with 15 % tax, a price of 320.00 with tax is too little, one without tax
# is enough: 368.00 less 73.60.
# Source: Odoo Sale, odoo/odoo addons/sale_loyalty/tests/test_program_numbers.py
programme ../plain.json
with rewards.1={"code":"FIFTH","kind":"percent","percent":20,"automatic":true,"when":{"basket_minor_min":32000,"spend_without_tax":true}}

2026-03-02 ann enrols
2026-03-02 ann asks 320.00 tax=41.74                 -> discount=0.00 pays=320.00
2026-03-02 ann asks 368.00 tax=48.00                 -> discount=73.60 pays=294.40
