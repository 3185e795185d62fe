# OLM03. A look at the level every so often (here: each month), on active points: with 11 a level from 15 is
# lost.
# Source: Open Loyalty 3.2, DivanteLtd/open-loyalty-framework src/OpenLoyalty/Component/Customer/Tests/Unit/Infrastructure/SystemEvent/Listener/CalculateCustomerLevelListenerTest.php
programme ../plain.json
with tiers={"metric":"balance","window":"month","hold":"period","downgrade":"to_fit","levels":[{"code":"none"},{"code":"low","threshold":10},{"code":"current","threshold":15}]}

2026-03-02 ann enrols
2026-03-02 ann buys 15.00                     -> tier=current
2026-03-03 ann buys 0.04 redeem=4             -> points=11
2026-04-01 ann has                            -> tier=low
