# 50 points for the first purchase, and 20 more for every third one. A void takes the visit back.
programme plain.json
with earn.rules.2={"code":"first","points":50,"when":{"visit_first":1}}
with earn.rules.3={"code":"third","points":20,"when":{"visit_every":3}}

2026-03-02 10:00 ann enrols
2026-03-02 10:01 ann buys 1.00               -> earned=51
2026-03-02 10:02 ann buys 1.00               -> earned=1
2026-03-02 10:03 ann buys 1.00 ref=c         -> earned=21 why.third=20
2026-03-02 10:04 void c                      -> visits=2
2026-03-02 10:05 ann buys 1.00               -> earned=21 visits=3
2026-03-02 10:06 ann buys 1.00               -> earned=1
