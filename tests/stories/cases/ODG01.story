# ODG01. The discount comes before the gift card, in whichever order they are entered: 100.00, with the card
# 50.00, with 10 % by code 40.00. The card is points of 0.01.
# Source: Odoo Sale, odoo/odoo addons/sale_loyalty/tests/test_pay_with_gift_card.py
programme ../plain.json
with rewards.1={"code":"TEN","kind":"percent","percent":10,"automatic":true,"when":{"codes":["TEN"]}}

2026-03-02 ann enrols
2026-03-02 ann brings 5000
2026-03-02 ann asks 100.00                           -> pays=100.00
2026-03-02 ann asks 100.00 redeem=5000               -> pays=50.00
2026-03-02 ann asks 100.00 redeem=5000 code=TEN      -> discount=10.00 pays=40.00
