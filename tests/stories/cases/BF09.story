# BF09. A reward at 10000, at most two a sale: 7500 and a sale of 250.00 bring two rewards and leave 7500.
# Source: Bink BPL, piukhq/bpl-qa-system-tests tests/features/trenette/transaction/transaction_with_reward_cap.feature
programme ../plain.json
with earn.rules.1.per_minor=1
with earn.caps.1={"per":"sale","points":20000}
with purses.1={"code":"voucher"}
with rewards.1={"code":"GOAL","kind":"purse","automatic":true,"gives_purse":"voucher","cost":10000}

2026-03-02 ann enrols
2026-03-02 ann brings 7500
2026-03-02 ann buys 250.00                    -> points=7500 points.voucher=2 why.base=capped
