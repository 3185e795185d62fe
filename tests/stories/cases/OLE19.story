# OLE19. 4 points per unit, doubled for everything; here a tier doubles.
# Source: Open Loyalty 3.2, DivanteLtd/open-loyalty-framework src/OpenLoyalty/Component/EarningRule/Tests/Unit/Domain/OloyEarningRuleEvaluatorTest.php
programme ../../../app/programme/samples/club.json with earn.rules.1.per_minor=25 tiers.levels.1.multiplier_pct=200

2026-03-02 ann enrols
2026-03-02 ann buys 12.00 100.00 40.00        -> earned=1216
