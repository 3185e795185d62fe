# Of several offers the member gets the best one, not all of them.
programme plain.json
with groups.1={"code":"tea","kind":"best"}
with earn.rules.2={"code":"five","points":5,"group":"tea","lines":{"categories":["tea"]}}
with earn.rules.3={"code":"double","points":1,"per_minor":100,"group":"tea","lines":{"categories":["tea"]}}

2026-03-02 ann enrols
2026-03-02 ann buys 3.00 cat=tea             -> earned=8  why.five=5 why.double=group
2026-03-02 ann buys 9.00 cat=tea             -> earned=18 why.five=group why.double=9
