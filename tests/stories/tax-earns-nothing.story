# Tax may earn nothing: 19 % of it are in 119.00.
programme plain.json
with earn.on_tax=false

2026-03-02 ann enrols
2026-03-02 ann buys 119.00 tax=19.00         -> earned=100
