# Whether what a reward takes off earns: no, and from February on yes. What the till itself took off never does.
programme plain.json
with rewards.1={"code":"TEN","kind":"percent","percent":10,"automatic":true}
programme plain.json with version=2 effective_from=2026-02-01T00:00:00Z earn.on_discounts=true
with rewards.1={"code":"TEN","kind":"percent","percent":10,"automatic":true}

2026-01-02 ann enrols
2026-01-02 ann buys 50.00 discount=10.00     -> pays=45.00 earned=45
2026-02-02 ann buys 50.00 discount=10.00     -> pays=45.00 earned=50
