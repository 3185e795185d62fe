# Double points on tea in March, at most 30 of them in the campaign and 20 a day. What is above a cap is not
# given.
programme plain.json
with earn.rules.2={"code":"tea","points":1,"per_minor":100,"lines":{"categories":["tea"]},"when":{"from":"2026-03-01","until":"2026-03-31"},"caps":[{"per":"campaign","points":30},{"per":"day","points":20}]}

2026-02-28 ann enrols
2026-02-28 ann buys 10.00 cat=tea            -> earned=10
2026-03-01 ann buys 15.00 cat=tea            -> earned=30
2026-03-01 ann buys 15.00 cat=tea            -> earned=20 why.tea=5        # 20 a day
2026-03-02 ann buys 15.00 cat=tea            -> earned=25 why.tea=10       # 30 in all
2026-03-03 ann buys 15.00 cat=tea            -> earned=15 why.tea=capped
2026-04-01 ann buys 15.00 cat=tea            -> earned=15 why.tea=when
