# OLE19. A basket of 12.00 (red), 100.00 (blue) and 40.00 (delivery). 4 per 1.00, then twice for every SKU:
# 1216.
# Source: Open Loyalty 3.2, DivanteLtd/open-loyalty-framework src/OpenLoyalty/Component/EarningRule/Tests/Unit/Domain/OloyEarningRuleEvaluatorTest.php
programme ../plain.json
with earn.rules.1={"code":"four","points":4,"per_minor":100}
with earn.rules.2={"code":"all","multiply_pct":200,"lines":{"skus":["123","000","0001"]}}

2026-03-02 ann enrols
2026-03-02 ann buys 12.00 sku=123 cat=red, 100.00 sku=000 cat=blue, 40.00 sku=0001 cat=delivery   -> total=152.00 earned=1216
