# ODS09. A wallet of 10.00: one order of 100.00 uses it up and tops it up by 50.00. The wallet is points of
# 0.01, the top-up a product that gives them.
# Source: Odoo Sale, odoo/odoo addons/sale_loyalty/tests/test_loyalty.py (test_ewallet_applied_ewallet_topup_in_order)
programme ../plain.json
with earn.rules.1={"code":"topup","points":1,"per_minor":1,"lines":{"skus":["TOPUP"]}}
with redeem.lines={"except_skus":["TOPUP"]}

2026-03-02 ann enrols
2026-03-02 ann brings 1000                                         -> value=10.00
2026-03-02 ann buys 100.00, 50.00 sku=TOPUP redeem=1000            -> pays=140.00 earned=5000 points=5000 value=50.00
