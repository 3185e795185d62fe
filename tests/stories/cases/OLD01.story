# OLD01. Levels from 10, 30 and 100 active points; the year ends with 5 active points: level 0 in the year
# after, in which the points begin anew.
# Source: Open Loyalty 3.2, DivanteLtd/open-loyalty backend/doc/userguide/getting_started/settings/Configuration/level_downgrade_settings.rst
programme ../plain.json
with tiers={"metric":"balance","hold":"next_period","levels":[{"code":"L0"},{"code":"L1","threshold":10},{"code":"L2","threshold":30},{"code":"L3","threshold":100}]}
with expiry={"kind":"end_of_year","years":0}

2025-03-02 ann enrols
2025-03-02 ann buys 30.00                     -> tier=L2
2026-01-01 ann has                            -> points=0 tier=L2
2026-03-02 ann buys 5.00                     -> points=5 tier=L2
2026-12-31 23:59 ann has                      -> points=5 tier=L2
2027-01-01 00:00 ann has                      -> points=0 tier=L0
