# ODS11. 10 % off A, at most 9.00. There a second product may cost less than nothing; a line of ours does not:
# what B takes off is the till's own discount on A. So told: A 120.00 alone, only B, A less 24.00, and A 60.00.
# The fourth basket, where B takes off more than the cap leaves, is not told.
# Source: Odoo Sale, odoo/odoo addons/sale_loyalty/tests/test_loyalty.py (test_discount_max_amount_on_specific_product)
programme ../plain.json
with rewards.1={"code":"TEN","kind":"percent","percent":10,"amount_minor":900,"automatic":true,"lines":{"skus":["A"]}}

2026-03-02 ann enrols
2026-03-02 ann asks 120.00 sku=A                    -> discount=9.00
2026-03-02 ann asks 24.00  sku=B                    -> discount=0.00
2026-03-02 ann asks 96.00  sku=A discount=24.00     -> discount=9.00
2026-03-02 ann asks 60.00  sku=A                    -> discount=6.00
