# OLR01. 1000 points for 200.00; half of it comes back: 500 go.
# Source: Open Loyalty 3.2, DivanteLtd/open-loyalty-framework src/OpenLoyalty/Component/Account/Tests/Unit/Infrastructure/Event/Listener/RevokePointsOnReturnTransactionListenerTest.php
programme ../plain.json
with earn.rules.1.points=5

2026-03-02 ann enrols
2026-03-02 ann buys 200.00 ref=a              -> earned=1000
2026-03-02 refund a line=1 quantity=0.5       -> worth=100.00 takes_back=500 points=500
