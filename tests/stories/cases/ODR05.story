# ODR05. Once for everybody: the first order has it, the second, by another member, no more.
# Source: Odoo Sale, odoo/odoo addons/sale_loyalty/tests/test_program_rules.py
programme ../plain.json
with rewards.1={"code":"TEN","kind":"percent","percent":10,"automatic":true,"total":1}

2026-03-02 ann enrols
2026-03-02 bob enrols
2026-03-02 ann buys 100.00                    -> discount=10.00
2026-03-02 bob buys 100.00                    -> discount=0.00
2026-03-02 ann buys 100.00                    -> discount=0.00
