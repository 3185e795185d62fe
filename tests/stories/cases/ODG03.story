# ODG03. Two gift cards of 100.00 together take 200.00 off.
# Source: Odoo Sale, odoo/odoo addons/sale_loyalty/tests/test_pay_with_gift_card.py
programme ../plain.json
with earn.rules=[]

2026-03-02 ann enrols
2026-03-02 ann brings 10000
2026-03-02 ann brings 10000
2026-03-02 ann buys 320.00 redeem=20000              -> pays=120.00 points=0 earned=0
