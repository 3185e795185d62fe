# OLE01. A basket of 12.00 (red), 100.00 (blue) and 40.00 (delivery). 4 points per 1.00: 608.
# Source: Open Loyalty 3.2, DivanteLtd/open-loyalty-framework src/OpenLoyalty/Component/EarningRule/Tests/Unit/Domain/OloyEarningRuleEvaluatorTest.php
programme ../plain.json
with earn.rules.1={"code":"four","points":4,"per_minor":100}

2026-03-02 ann enrols
2026-03-02 ann buys 12.00 sku=123 cat=red, 100.00 sku=000 cat=blue, 40.00 sku=0001 cat=delivery   -> total=152.00 earned=608
