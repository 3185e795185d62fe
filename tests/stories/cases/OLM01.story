# OLM01. No downgrade: with 11 active points a level from 15 stays.
# Source: Open Loyalty 3.2, DivanteLtd/open-loyalty-framework src/OpenLoyalty/Component/Customer/Tests/Unit/Infrastructure/SystemEvent/Listener/CalculateCustomerLevelListenerTest.php
programme ../plain.json
with tiers={"metric":"balance","window":"month","hold":"none","downgrade":"never","levels":[{"code":"none"},{"code":"low","threshold":10},{"code":"current","threshold":15}]}

2026-03-02 ann enrols
2026-03-02 ann buys 15.00                     -> tier=current
2026-03-03 ann buys 0.04 redeem=4             -> points=11 tier=current
2026-07-01 ann has                            -> points=11 tier=current
