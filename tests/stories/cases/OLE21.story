# OLE21. A basket of 12.00 (red), 100.00 (blue) and 40.00 (delivery). 1 per 1.00, 1 more from an order of
# 1,000,000.00 on, then 2: 456.
# Source: Open Loyalty 3.2, DivanteLtd/open-loyalty-framework src/OpenLoyalty/Component/EarningRule/Tests/Unit/Domain/OloyEarningRuleEvaluatorTest.php
programme ../plain.json
with earn.rules.2={"code":"huge","points":1,"per_minor":100,"when":{"basket_minor_min":100000000}}
with earn.rules.3={"code":"two","points":2,"per_minor":100}

2026-03-02 ann enrols
2026-03-02 ann buys 12.00 sku=123 cat=red, 100.00 sku=000 cat=blue, 40.00 sku=0001 cat=delivery   -> total=152.00 earned=456 why.base=152 why.huge=when why.two=304
