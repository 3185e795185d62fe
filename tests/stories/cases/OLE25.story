# OLE25. 2.3 points per 1.00, only at this point of sale: 98.9 for 3.00, 20.00 and 20.00. Our points are whole:
# a point here is a tenth of one there.
# Source: Open Loyalty 3.2, DivanteLtd/open-loyalty-framework src/OpenLoyalty/Bundle/EarningRuleBundle/Tests/Integration/ApplyingEarningRulesTest.php (+DataFixtures/ORM/LoadEarningRuleData.php)
programme ../plain.json
with earn.rules.1={"code":"here","points":23,"per_minor":100,"when":{"shops":[7]}}

2026-03-02 ann enrols
2026-03-02 till=1 shop=7 ann buys 3.00 20.00 20.00     -> earned=989
2026-03-02 till=2 shop=8 ann buys 3.00 20.00 20.00     -> earned=0
