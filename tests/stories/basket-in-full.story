# A line has a SKU, categories, a quantity, tax and the till's own discount. Double points on tea; the amounts
# are what is paid.
programme plain.json
with earn.rules.2={"code":"tea","multiply_pct":200,"lines":{"skus":["TEA"]}}
with earn.rules.3={"code":"weight","points":1,"per_quantity_milli":100,"lines":{"categories":["cheese"]}}

2026-03-02 ann enrols
2026-03-02 ann buys 3 x 2.50 sku=TEA cat=food,hot tax=0.40, 40.00 sku=0001 cat=delivery discount=5.00   -> total=47.50 earned=55 why.base=55
2026-03-02 ann buys 5.61 cat=cheese quantity=0.435    -> earned=9 why.weight=4
