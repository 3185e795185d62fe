# Head office or a till gives and takes points by hand, with a reason and a name.
programme plain.json

2026-03-02 ann enrols
2026-03-02 ann gets 100 reason="we were closed" by=mia                 -> points=100 hq=100 adjusted=100
2026-03-02 ann gets -30 reason="typed twice" by=mia                    -> points=70 adjusted=70
2026-03-02 ann gets -80 reason="too much" by=mia                       -> refused points short points=70
2026-03-02 till=2 ann gets 5 expires=2026-12-31 reason="a slow till" by=leo   -> here=5 points=75 lots=2026-12-31:5,never:70
