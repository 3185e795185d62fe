# The first that gives anything shuts its group; a rule that stops ends the list.
programme plain.json
with groups.1={"code":"start","kind":"first"}
with earn.rules=[{"code":"first","points":100,"group":"start","when":{"visit_first":1}},{"code":"web","points":30,"group":"start","when":{"channels":["web"]}},{"code":"gift","points":7,"stop":true,"lines":{"categories":["gift"]}},{"code":"base","points":1,"per_minor":100}]

2026-03-02 ann enrols
2026-03-02 ann buys 10.00 channel=web        -> earned=110 why.first=100 why.web=group why.base=10
2026-03-02 ann buys 10.00 channel=web        -> earned=40  why.web=30
2026-03-02 ann buys 10.00 cat=gift           -> earned=7   why.base=stopped
