# BK05. 13 of 5, 12 of them new: two rewards, 3 are left.
# Source: Bink Vela, piukhq/vela tests/functional/test_tasks.py (_number_of_rewards_achieved)
programme ../plain.json
with earn.rules.1.per_minor=1
with purses.1={"code":"voucher"}
with rewards.1={"code":"GOAL","kind":"purse","automatic":true,"gives_purse":"voucher","cost":5}

2026-03-02 ann enrols
2026-03-02 ann brings 1
2026-03-02 ann buys 0.12                      -> earned=12 points=3 points.voucher=2
