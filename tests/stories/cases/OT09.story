# OT09. A coupon at 100 points: of 130, one coupon and 30 are left.
# Source: NexoPOS, Blair2004/NexoPOS app/Services/CustomerService.php (computeReward/applyReward; example numbers are mine, rule is the code)
programme ../plain.json
with purses.1={"code":"coupon"}
with rewards.1={"code":"GOAL","kind":"purse","automatic":true,"gives_purse":"coupon","cost":100}

2026-03-02 ann enrols
2026-03-02 ann buys 130.00                    -> points=30 points.coupon=1
