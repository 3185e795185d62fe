# OLR03. A return goes by the amount, not by the product: A 10.00, B 10.00 and C 20.00 earned 10 for A, 20 for B
# and 40 on the total; C comes back: half of 70 goes.
# Source: Open Loyalty 3.2, DivanteLtd/open-loyalty backend/doc/userguide/transactions/menu/returns.rst
programme ../plain.json
with earn.rules=[{"code":"a","points":10,"per_items":1,"lines":{"skus":["A"]}},{"code":"b","points":20,"per_items":1,"lines":{"skus":["B"]}},{"code":"total","points":1,"per_minor":100}]
with refunds.by=amount

2026-03-02 ann enrols
2026-03-02 ann buys 10.00 sku=A, 10.00 sku=B, 20.00 sku=C ref=a   -> earned=70
2026-03-02 refund a line=3                    -> worth=20.00 takes_back=35 points=35
