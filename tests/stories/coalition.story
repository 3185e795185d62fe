# Three shops share a programme. Each pays 0.01 for a point it gives and gets 0.008 for one it takes; in the
# end, who pays whom.
programme plain.json
with merchants=[{"code":"bakery","shops":[1],"issue_price_micro":1000000,"redeem_price_micro":800000},{"code":"books","shops":[2],"issue_price_micro":1000000,"redeem_price_micro":800000},{"code":"cinema","shops":[3,4],"earn_pct":50,"issue_price_micro":1000000,"redeem_price_micro":800000}]

2026-03-02 ann enrols
2026-03-02 till=1 shop=1 ann buys 1000.00    -> earned=1000
2026-03-02 till=2 shop=2 ann buys 500.00     -> earned=500
2026-03-02 till=3 shop=3 ann buys 100.00     -> earned=50
2026-03-02 ann brings 400
2026-03-02 till=3 ann buys 10.00 redeem=400  -> pays=6.00 earned=3
2026-03-02 clearing                          -> issued.bakery=1000 owes.bakery=10.00 issued.books=500 owes.books=5.00 issued.cinema=53 taken.cinema=400 owes.cinema=-2.67
2026-03-02 clearing                          -> payments=bakery>programme:10.00,books>cinema:2.67,books>programme:2.33
