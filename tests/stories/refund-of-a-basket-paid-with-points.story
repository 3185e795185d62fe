# What points paid comes back as points, what a reward cost comes back, too; the rest as money.
programme plain.json
with rewards.1={"code":"FIVE","kind":"amount","amount_minor":500,"cost":50,"lines":{"skus":["B"]}}

2026-03-02 ann enrols
2026-03-02 ann brings 2000 expires=2026-12-31
2026-03-02 ann buys 20.00 sku=A, 20.00 sku=B ref=a redeem=700 claims FIVE    -> pays=28.00 discount=5.00 cost=50 earned=28 points=1278
2026-03-09 refund a line=2                   -> worth=15.00 gives_back=350 pays_back=12.00 takes_back=12
2026-03-09 refund a line=1                   -> worth=20.00 gives_back=400 pays_back=16.00 takes_back=16 points=2000 hq=1250
