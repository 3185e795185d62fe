# A stamp for each coffee; ten stamps are a free one. Stamps are a purse of their own and live for a year.
programme plain.json
with earn.rules.2={"code":"stamp","points":1,"per_items":1,"purse":"coffee","lines":{"skus":["COFFEE"]}}
with purses.1={"code":"coffee","expiry":{"kind":"months","months":12}}
with rewards.1={"code":"FREE","kind":"item","lines":{"skus":["COFFEE"]},"cost_purse":"coffee","cost":10}

2026-03-02 ann enrols
2026-03-02 ann buys 8 x 2.00 sku=COFFEE                     -> earned.coffee=8 earned=16 points.coffee=8
2026-03-03 ann buys 1 x 2.00 sku=COFFEE claims FREE         -> refused points short points.coffee=8
2026-03-03 ann buys 4 x 2.00 sku=COFFEE                     -> points.coffee=12
2026-03-04 ann buys 3 x 2.00 sku=COFFEE claims FREE         -> pays=4.00 earned.coffee=2 points.coffee=4      # the free one gives no stamp
2027-03-03 ann has                                          -> points.coffee=4 lots.coffee=2027-03-03:2,2027-03-04:2
2027-03-04 ann has                                          -> points.coffee=2 expired.coffee=2
