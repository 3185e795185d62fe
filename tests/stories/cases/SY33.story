# SY33. 19.99. 50 or 200, whichever comes first in the order: the 200, alone.
# Source: Sylius (Setono), Setono/sylius-loyalty-plugin tests/Rule/EarningCalculatorTest.php
programme ../plain.json
with groups.1={"code":"one","kind":"first"}
with earn.rules=[{"code":"big","points":200,"group":"one"},{"code":"small","points":50,"group":"one"}]

2026-03-02 ann enrols
2026-03-02 ann buys 19.99                     -> earned=200 why.big=200 why.small=group
