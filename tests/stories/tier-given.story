# A tier given by a person is a floor: never below it while it lasts, and above it by what is spent. Taken away
# again, what was earned remains.
programme plain.json
with tiers={"metric":"spend","window":"month","hold":"none","levels":[{"code":"basic"},{"code":"silver","threshold":10000},{"code":"gold","threshold":50000}]}

2026-03-10 ann enrols
2026-03-10 ann gets tier=silver until=2026-06-30 reason="a good friend of the house" by=mia   -> tier=silver tier_given=yes tier_until=2026-06-30
2026-03-11 ann buys 500.00                   -> tier=gold tier_given=no
2026-04-01 ann has                           -> tier=silver tier_given=yes
2026-06-30 ann has                           -> tier=silver
2026-07-01 ann has                           -> tier=basic
2026-07-02 ann gets tier=gold                -> tier=gold tier_until=never
2026-07-03 ann gets tier=none                -> tier=basic
