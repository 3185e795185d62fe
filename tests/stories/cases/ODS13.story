# ODS13. Two items of 100.00 and 15 % tax: 230.00. A wallet pays 115.00: 115.00 are left. A coupon that makes
# item A free leaves nothing. How the tax is split afterwards is the till's business.
# Source: Odoo Sale, odoo/odoo addons/sale_loyalty/tests/test_loyalty.py (test_distribution_amount_payment_programs)
programme ../plain.json
with rewards.1={"code":"FREEA","kind":"percent","percent":100,"automatic":true,"lines":{"skus":["A"]},"when":{"codes":["FREEA"]}}

2026-03-02 ann enrols
2026-03-02 ann brings 11500
2026-03-02 ann asks 115.00 sku=A tax=15.00, 115.00 sku=B tax=15.00 redeem=11500             -> total=230.00 pays=115.00
2026-03-02 ann asks 115.00 sku=A tax=15.00, 115.00 sku=B tax=15.00 redeem=11500 code=FREEA  -> discount=115.00 pays=0.00
