# Double points from five to seven, but not on Sundays; the end of an hour is not part of it.
programme plain.json
with earn.rules.2={"code":"happy","multiply_pct":200,"when":{"hours":["17:00-19:00"],"weekdays":["mon","tue","wed","thu","fri","sat"]}}

2026-03-02 16:59 ann enrols
2026-03-02 16:59 ann buys 10.00              -> earned=10 why.happy=when
2026-03-02 17:00 ann buys 10.00              -> earned=20 why.base=20
2026-03-02 18:59 ann buys 10.00              -> earned=20
2026-03-02 19:00 ann buys 10.00              -> earned=10
2026-03-08 18:00 ann buys 10.00              -> earned=10      # a Sunday
