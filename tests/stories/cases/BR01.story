# BR01. A reward at 700, usable a day later. 20.00 bring two and 600; 7.00 of it come back: one goes, 600 stay;
# then all the rest (there 14.00, here the 13.00 that are left).
# Source: Bink BPL, piukhq/bpl-qa-system-tests tests/features/trenette/transaction/transaction_refund.feature
programme ../plain.json
with earn.rules.1.per_minor=1
with purses.1={"code":"voucher","pending":{"kind":"days","days":1}}
with rewards.1={"code":"GOAL","kind":"purse","automatic":true,"gives_purse":"voucher","cost":700}

2026-03-02 ann enrols
2026-03-02 ann buys 7.00, 13.00 ref=a          -> points=600 pending.voucher=2
2026-03-02 refund a line=1                    -> points=600 pending.voucher=1
2026-03-02 refund a line=2                    -> points=0 pending.voucher=0
