# OLE13. A basket of 12.00 (red), 100.00 (blue) and 40.00 (delivery). 4 per 1.00; red nothing, blue twice, size
# xxl (not there) twice: 960.
# Source: Open Loyalty 3.2, DivanteLtd/open-loyalty-framework src/OpenLoyalty/Component/EarningRule/Tests/Unit/Domain/OloyEarningRuleEvaluatorTest.php
programme ../plain.json
with earn.rules.1={"code":"four","points":4,"per_minor":100}
with earn.rules.2={"code":"red","multiply_pct":0,"lines":{"categories":["red"]}}
with earn.rules.3={"code":"blue","multiply_pct":200,"lines":{"categories":["blue"]}}
with earn.rules.4={"code":"xxl","multiply_pct":200,"lines":{"categories":["xxl"]}}

2026-03-02 ann enrols
2026-03-02 ann buys 12.00 sku=123 cat=red, 100.00 sku=000 cat=blue, 40.00 sku=0001 cat=delivery   -> total=152.00 earned=960
