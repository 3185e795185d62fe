# Nine stamps become a voucher by themselves, within the sale; what is above stays on the card.
programme plain.json
with earn.rules=[{"code":"stamp","points":1,"per_items":1,"purse":"stamps"}]
with purses=[{"code":"stamps"},{"code":"free","expiry":{"kind":"days","days":60}}]
with rewards.1={"code":"FULL","kind":"purse","automatic":true,"gives_purse":"free","cost_purse":"stamps","cost":9}
with rewards.2={"code":"FREE","kind":"item","cost_purse":"free","cost":1}

2026-03-02 ann enrols
2026-03-02 ann buys 7 x 2.00                 -> points.stamps=7 points.free=0
2026-03-03 ann buys 4 x 2.00 ref=b           -> points.stamps=2 points.free=1 lots.free=2026-05-02:1
2026-03-03 void b                            -> points.stamps=7 points.free=0
2026-03-03 ann buys 20 x 2.00                -> points.stamps=0 points.free=3
2026-03-04 ann buys 2 x 2.00 claims FREE     -> pays=2.00 points.stamps=1 points.free=2
