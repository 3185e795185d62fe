# BK13. 15 of 5, at most two a sale: two; what is above two rewards is not earned.
# Source: Bink Vela, piukhq/vela tests/functional/test_tasks.py (_number_of_rewards_achieved)
programme ../plain.json
with earn.rules.1.per_minor=1
with earn.caps.1={"per":"sale","points":10}
with purses.1={"code":"voucher"}
with rewards.1={"code":"GOAL","kind":"purse","automatic":true,"gives_purse":"voucher","cost":5}

2026-03-02 ann enrols
2026-03-02 ann buys 0.15                      -> earned=10 points=0 points.voucher=2
