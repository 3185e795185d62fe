# OLE01. 4 points per unit of a basket of 12, 100 and 40.
# Source: Open Loyalty 3.2, DivanteLtd/open-loyalty-framework src/OpenLoyalty/Component/EarningRule/Tests/Unit/Domain/OloyEarningRuleEvaluatorTest.php
programme ../../../app/programme/samples/club.json with earn.rules.1.per_minor=25

2026-03-02 ann enrols
2026-03-02 ann buys 12.00 100.00 40.00        -> total=152.00 earned=608
