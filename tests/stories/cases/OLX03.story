# OLX03. A coupon that is bought begins 30 days later: from 1 July to 31 July.
# Source: Open Loyalty 3.2, DivanteLtd/open-loyalty-framework …/Campaign/Tests/Unit/Domain/CouponActivationDateProviderTest.php
programme ../plain.json
with purses.1={"code":"coupon","pending":{"kind":"days","days":30}}
with rewards.1={"code":"COUPON","kind":"purse","gives_purse":"coupon","cost":10}
with rewards.2={"code":"USE","kind":"percent","percent":100,"cost_purse":"coupon","cost":1}

2018-07-01 ann enrols
2018-07-01 ann brings 10
2018-07-01 ann buys 5.00 claims COUPON        -> begins.coupon=2018-07-31 pending.coupon=1 points.coupon=0
2018-07-30 ann buys 5.00 claims USE           -> refused points short
2018-07-31 ann buys 5.00 claims USE           -> pays=0.00 points.coupon=0
