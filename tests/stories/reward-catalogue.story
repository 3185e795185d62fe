# What points buy: money off, a percentage with a ceiling, a free piece, a gift from the shelf, and a voucher
# for later.
programme plain.json
with earn.rules=[]
with purses.1={"code":"coffee","expiry":{"kind":"days","days":30}}
with rewards.1={"code":"FIVE","kind":"amount","amount_minor":500,"cost":100}
with rewards.2={"code":"TENTH","kind":"percent","percent":10,"amount_minor":800,"cost":50}
with rewards.3={"code":"CAKE","kind":"item","lines":{"categories":["cake"]},"cost":30}
with rewards.4={"code":"MUG","kind":"gift","cost":200}
with rewards.5={"code":"VOUCHER","kind":"purse","gives_purse":"coffee","cost":40}
with rewards.6={"code":"COFFEE","kind":"item","lines":{"skus":["COFFEE"]},"cost_purse":"coffee","cost":1}

2026-03-02 ann enrols
2026-03-02 ann brings 1000
2026-03-02 ann buys 20.00 claims FIVE                              -> pays=15.00 cost=100 points=900
2026-03-02 ann buys 20.00 claims FIVE x2                           -> pays=10.00 cost=200 points=700
2026-03-02 ann buys 3.00 claims FIVE                               -> pays=0.00 cost=100 points=600      # never more than the basket
2026-03-02 ann buys 50.00 claims TENTH                             -> pays=45.00 points=550
2026-03-02 ann buys 100.00 claims TENTH                            -> discount=8.00 points=500
2026-03-02 ann buys 4.00 cat=cake, 3.00 cat=cake, 9.00 claims CAKE -> line.1=4.00 line.2=0.00 line.3=9.00 points=470   # the cheapest
2026-03-02 ann buys 9.00 claims CAKE                               -> refused rule
2026-03-02 ann buys 9.00 claims MUG                                -> pays=9.00 times.MUG=1 points=270
2026-03-02 ann buys 9.00 claims VOUCHER x2                         -> points=190 points.coffee=2 lots.coffee=2026-04-01:2
2026-03-03 ann buys 2.80 sku=COFFEE, 5.00 claims COFFEE            -> pays=5.00 cost.coffee=1 points.coffee=1
2026-03-03 ann buys 9.00 claims MUG x2                             -> refused points short points=190
2026-04-02 ann has                                                 -> points.coffee=0 expired.coffee=1
