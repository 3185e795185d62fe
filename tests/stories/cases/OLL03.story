# OLL03. A level given by hand is a floor: with L1 given, transactions of 21 lead to L1.
# Source: Open Loyalty 3.2, DivanteLtd/open-loyalty-framework src/OpenLoyalty/Component/Customer/Tests/Unit/Infrastructure/SystemEvent/Listener/CalculateCustomerLevelListenerTest.php
programme ../plain.json
with tiers={"metric":"spend","window":"lifetime","levels":[{"code":"L0"},{"code":"L1","threshold":2000},{"code":"L2","threshold":3000}]}

2026-03-02 ann enrols
2026-03-02 ann gets tier=L1 reason="by hand"  -> tier=L1 tier_given=yes
2026-03-02 ann buys 21.00                     -> tier=L1
