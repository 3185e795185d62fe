# SY35. 19.99. 1 per whole 1.00, times 1.5, rounded down: 28.
# Source: Sylius (Setono), Setono/sylius-loyalty-plugin tests/Rule/EarningCalculatorTest.php
programme ../plain.json
with earn.rules.1.whole_steps=true
with earn.rules.2={"code":"more","multiply_pct":150}

2026-03-02 ann enrols
2026-03-02 ann buys 19.99                     -> earned=28
