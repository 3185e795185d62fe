# A rule may ask for a channel, a shop or merchant, a tender, a code, a tier, the first days of membership, a
# price or an amount.
programme plain.json
with earn.rules=[{"code":"web","points":1,"when":{"channels":["web","app"]}},{"code":"shop","points":2,"when":{"shops":[7]}},{"code":"merchant","points":4,"when":{"merchants":["bakery"]}},{"code":"cash","points":8,"when":{"tenders":["cash"]}},{"code":"code","points":16,"when":{"codes":["SPRING"]}},{"code":"gold","points":32,"when":{"tiers":["gold"]}},{"code":"new","points":64,"when":{"joined_days":7}},{"code":"dear","points":128,"per_items":1,"lines":{"price_minor_min":5000}},{"code":"tea","points":256,"lines":{"categories":["tea"]},"when":{"spend_minor_min":1000,"quantity_milli_min":3000}}]
with merchants=[{"code":"bakery","shops":[7,8]}]
with tiers={"metric":"spend","hold":"ever","levels":[{"code":"basic"},{"code":"gold","threshold":30000}]}

2026-03-01 ann enrols
2026-03-01 ann buys 1.00                                       -> earned=64
2026-03-07 ann buys 1.00                                       -> earned=64
2026-03-08 ann buys 1.00                                       -> earned=0
2026-03-09 ann buys 1.00 channel=web                           -> earned=1
2026-03-09 till=2 shop=8 ann buys 1.00                         -> earned=4
2026-03-09 till=3 shop=7 ann buys 1.00                         -> earned=6
2026-03-09 ann buys 1.00 pays card=0.50 cash=0.50              -> earned=8
2026-03-09 ann buys 1.00 code=WINTER,SPRING                    -> earned=16
2026-03-09 ann buys 2 x 50.00, 3 x 49.99                       -> earned=256 why.dear=256
2026-03-09 ann buys 2 x 5.00 cat=tea, 9.00                     -> earned=0 why.tea=lines
2026-03-09 ann buys 3 x 3.33 cat=tea                           -> earned=0
2026-03-09 ann buys 3 x 3.34 cat=tea                           -> earned=256
2026-03-09 ann buys 90.00                                      -> tier=gold earned=128
2026-03-09 ann buys 1.00                                       -> earned=32
