# SY39. 19.99. 1 per 1.00 and 5 more, and which rule gave what: 19 and 5.
# Source: Sylius (Setono), Setono/sylius-loyalty-plugin tests/Rule/EarningCalculatorTest.php
programme ../plain.json
with earn.rules.2={"code":"five","points":5}

2026-03-02 ann enrols
2026-03-02 ann buys 19.99                     -> earned=24 why.base=19 why.five=5
