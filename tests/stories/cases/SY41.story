# SY41. 100 points a piece: 1 piece 100, 3 pieces 300.
# Source: Sylius (Setono), Setono/sylius-loyalty-plugin tests/Rule/Amount/EarningAmountsTest.php
programme ../plain.json
with earn.rules.1={"code":"piece","points":100,"per_items":1}

2026-03-02 ann enrols
2026-03-02 ann buys 1 x 7.00                  -> earned=100
2026-03-02 ann buys 3 x 7.00                  -> earned=300
