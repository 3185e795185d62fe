# A reward once a day and twice in all for each member, and three times for everybody.
programme plain.json
with earn.rules=[]
with rewards.1={"code":"MUG","kind":"gift","cost":1,"limits":[{"per":"day","times":1},{"per":"lifetime","times":2}],"total":3}

2026-03-02 ann enrols
2026-03-02 bob enrols
2026-03-02 ann brings 100
2026-03-02 bob brings 100
2026-03-02 ann buys 9.00 claims MUG          -> points=99
2026-03-02 ann buys 9.00 claims MUG          -> refused rule
2026-03-03 ann buys 9.00 claims MUG          -> points=98
2026-03-04 ann buys 9.00 claims MUG          -> refused rule
2026-03-04 bob buys 9.00 claims MUG          -> points=99
2026-03-05 bob buys 9.00 claims MUG          -> refused rule points=99     # the three are gone
