# One sale gives at most three stamps, however much is bought.
programme plain.json
with earn.rules=[{"code":"stamp","points":1,"per_items":1,"purse":"coffee"}]
with purses.1={"code":"coffee","per_sale_max":3}

2026-03-02 ann enrols
2026-03-02 ann buys 2 x 2.00                 -> points.coffee=2
2026-03-02 ann buys 9 x 2.00                 -> earned.coffee=3 points.coffee=5 why.stamp=3
