# A bonus may be spent and yet not lift anybody into a tier.
programme plain.json
with earn.rules.2={"code":"bonus","points":100,"counts_for_tier":false}
with tiers={"metric":"points","window":"year","levels":[{"code":"basic"},{"code":"silver","threshold":100}]}

2026-03-02 ann enrols
2026-03-02 ann buys 60.00                    -> earned=160 counts.points=60 tier=basic needs=40
2026-03-02 ann buys 40.00                    -> points=300 tier=silver
