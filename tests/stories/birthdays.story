# Points on the birthday, once a year, by themselves; and double points in the week of it, Monday to Sunday.
programme plain.json
with awards.1={"code":"CAKE","kind":"birthday","points":50}
with earn.rules.2={"code":"week","multiply_pct":200,"when":{"birthday":"week"}}

2026-03-02 ann enrols birthday=03-12
2026-03-08 ann buys 10.00                    -> earned=10
2026-03-09 ann buys 10.00                    -> earned=20      # the Monday before
2026-03-12 00:05 night
2026-03-12 ann has                           -> points=80
2026-03-12 ann gets award=CAKE               -> refused exists points=80
2026-03-15 ann buys 10.00                    -> earned=20      # the Sunday
2026-03-16 ann buys 10.00                    -> earned=10
2027-03-12 00:05 night
2027-03-12 ann has                           -> points=160
