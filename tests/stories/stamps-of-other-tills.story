# Stamps are held where they were given, as points are: what this till lacks is drawn from head office, never
# from another till.
programme plain.json
with earn.rules=[{"code":"stamp","points":1,"per_items":1,"purse":"coffee"}]
with purses.1={"code":"coffee"}
with rewards.1={"code":"FREE","kind":"item","cost_purse":"coffee","cost":5}

2026-03-02 10:00 ann enrols
2026-03-02 10:01 till=1 ann buys 3 x 2.00                  -> here.coffee=3
2026-03-02 10:02 till=2 ann buys 3 x 2.00                  -> here.coffee=3 points.coffee=6
2026-03-02 10:03 till=2 ann buys 2.00 claims FREE          -> refused points short points.coffee=6
2026-03-02 10:04 ann brings 4 purse=coffee                 -> hq.coffee=4
2026-03-02 10:05 till=2 ann buys 2.00 claims FREE draw=no  -> refused points short
2026-03-02 10:06 till=2 ann buys 2.00 claims FREE          -> pays=0.00 here.coffee=0 hq.coffee=2 points.coffee=5
