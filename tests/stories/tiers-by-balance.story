# A tier may follow what a member has: spent points are missing, pending ones count.
programme plain.json
with tiers={"metric":"balance","levels":[{"code":"basic"},{"code":"silver","threshold":100}]}
with earn.pending={"kind":"days","days":3}

2026-03-10 ann enrols
2026-03-10 ann buys 100.00                   -> pending=100 tier=silver
2026-03-14 ann buys 1.00 redeem=50           -> points=50 tier=basic needs=50
