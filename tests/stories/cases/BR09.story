# BR09. A reward at 20000, at most two a sale: 2000 and a sale of 650.00 bring two rewards and leave 2000.
# Source: Bink BPL, piukhq/bpl-qa-system-tests tests/features/trenette/transaction/transaction_with_reward_cap_refund.feature
programme ../plain.json
with earn.rules.1.per_minor=1
with earn.caps.1={"per":"sale","points":40000}
with purses.1={"code":"voucher","pending":{"kind":"days","days":10}}
with rewards.1={"code":"GOAL","kind":"purse","automatic":true,"gives_purse":"voucher","cost":20000}

2026-03-02 ann enrols
2026-03-02 ann brings 2000
2026-03-02 ann buys 650.00                    -> points=2000 pending.voucher=2
