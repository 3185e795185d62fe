# OLE23. 56 points for the first purchase, at one point of sale.
# Source: Open Loyalty 3.2, DivanteLtd/open-loyalty-framework src/OpenLoyalty/Component/EarningRule/Tests/Unit/Domain/OloyEarningRuleEvaluatorTest.php
programme ../plain.json
with earn.rules.1={"code":"first","points":56,"when":{"visit_first":1,"shops":[7]}}

2026-03-02 ann enrols
2026-03-02 bob enrols
2026-03-02 till=2 shop=8 bob buys 10.00       -> earned=0
2026-03-02 till=1 shop=7 ann buys 10.00       -> earned=56
2026-03-02 till=1 ann buys 10.00              -> earned=0
