# Rounded on each line instead of on the basket.
programme plain.json
with earn.rules.1.per_line=true

2026-03-02 ann enrols
2026-03-02 ann buys 0.60 0.60 0.80           -> earned=0
2026-03-02 ann buys 1.60 0.60 1.80           -> earned=2
