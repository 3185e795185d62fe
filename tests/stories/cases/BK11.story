# BK11. 12 of 5, 10 of them new, at most two a sale: two, and the limit is not passed.
# Source: Bink Vela, piukhq/vela tests/functional/test_tasks.py (_number_of_rewards_achieved)
programme ../plain.json
with earn.rules.1.per_minor=1
with earn.caps.1={"per":"sale","points":10}
with purses.1={"code":"voucher"}
with rewards.1={"code":"GOAL","kind":"purse","automatic":true,"gives_purse":"voucher","cost":5}

2026-03-02 ann enrols
2026-03-02 ann brings 2
2026-03-02 ann buys 0.10                      -> earned=10 points=2 points.voucher=2
