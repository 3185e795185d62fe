# 100 points for each of the first two purchases in a spring week, with dates of their own: usable from April,
# to the end of June.
programme plain.json
with earn.rules.2={"code":"spring","points":100,"uses":2,"when":{"from":"2026-03-01","until":"2026-03-07"},"pending":{"kind":"day","day":"2026-04-01"},"expiry":{"kind":"fixed","day":"2026-06-30"}}

2026-03-02 ann enrols
2026-03-02 ann buys 10.00                    -> earned=110 points=10 pending=100
2026-03-03 ann buys 10.00                    -> earned=110
2026-03-04 ann buys 10.00                    -> earned=10 lots=2026-04-01..2026-06-30:200,never:30
2026-04-01 ann has                           -> points=230
2026-07-01 ann has                           -> points=30 expired=200
