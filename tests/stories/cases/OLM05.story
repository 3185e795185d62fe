# OLM05. A look each month on what was earned since the last one: 1000 active points do not help, 11 earned are
# too few for a level from 15.
# Source: Open Loyalty 3.2, DivanteLtd/open-loyalty-framework src/OpenLoyalty/Component/Customer/Tests/Unit/Infrastructure/SystemEvent/Listener/CalculateCustomerLevelListenerTest.php
programme ../plain.json
with tiers={"metric":"points","window":"month","hold":"next_period","downgrade":"to_fit","levels":[{"code":"none"},{"code":"low","threshold":10},{"code":"current","threshold":15}]}

2026-02-02 ann enrols
2026-02-02 ann brings 985
2026-02-02 ann buys 15.00                     -> tier=current
2026-03-05 ann buys 11.00                     -> points=1011
2026-04-01 ann has                            -> points=1011 tier=low
