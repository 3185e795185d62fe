# SY31. 19.99. 1 per whole 1.00 and 1 per whole 2.00: 19 + 9 = 28.
# Source: Sylius (Setono), Setono/sylius-loyalty-plugin tests/Rule/EarningCalculatorTest.php
programme ../plain.json
with earn.rules.1.whole_steps=true
with earn.rules.2={"code":"two","points":1,"per_minor":200,"whole_steps":true}

2026-03-02 ann enrols
2026-03-02 ann buys 19.99                     -> earned=28 why.base=19 why.two=9
