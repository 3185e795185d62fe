# What a sale earns may pay for its own claims, where the programme says so: the fourth coffee is free at once.
# It is not lent twice, and a debt goes first.
programme plain.json
with earn.rules.1={"code":"stamp","points":1,"per_items":1,"purse":"coffee"}
with purses.1={"code":"coffee"}
with rewards.1={"code":"FREE","kind":"item","cost_purse":"coffee","cost":3}
with redeem.earned_pays=true

2026-03-02 ann enrols
2026-03-02 ann buys 4 x 2.00 claims FREE ref=a     -> pays=6.00 earned.coffee=3 cost.coffee=3 points.coffee=0
2026-03-02 ann buys 3 x 2.00 claims FREE           -> refused points short points.coffee=0
2026-03-02 ann buys 5 x 2.00 claims FREE x2        -> refused points short
2026-03-02 ann buys 5 x 2.00                       -> points.coffee=5
2026-03-02 ann buys 3 x 2.00 claims FREE x2        -> pays=2.00 earned.coffee=1 points.coffee=0
2026-03-02 void a                                  -> points.coffee=0
2026-03-03 ann buys 2.00 ref=b
2026-03-04 ann buys 3 x 2.00 claims FREE           -> pays=4.00 points.coffee=0
2026-03-05 refund b                                -> debt.coffee=1
2026-03-06 ann buys 4 x 2.00 claims FREE           -> refused points short debt.coffee=1
2026-03-06 ann buys 5 x 2.00 claims FREE           -> debt_paid.coffee=1 points.coffee=0
