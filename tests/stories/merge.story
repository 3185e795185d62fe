# Two accounts of one person become one: points with their last days, debts, totals and what counts for the
# tier.
programme plain.json
with tiers={"metric":"spend","window":"year","hold":"next_period","levels":[{"code":"basic"},{"code":"silver","threshold":10000},{"code":"gold","threshold":50000}]}

2026-03-02 ann enrols phone=+4915112345678
2026-03-02 ann2 enrols phone=+4915187654321
2026-03-02 ann brings 100 expires=2026-12-31
2026-03-02 ann2 brings 50 expires=2026-06-30
2026-03-02 ann buys 60.00                    -> tier=basic
2026-03-02 ann2 buys 40.00                   -> tier=basic
2026-03-03 ann2 merges into=ann
2026-03-03 ann has                           -> points=250 tier=silver visits=2
2026-03-03 ann2 buys 1.00 phone=+4915187654321    -> points=251
2026-03-03 ann2 merges into=ann              -> refused exists
