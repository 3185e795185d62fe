# Points are given to another member: from 10, at most 200 a month; they keep their last day.
programme plain.json
with transfer={"allowed":true,"points_min":10,"limits":[{"per":"month","points":200}]}

2026-03-02 ann enrols
2026-03-02 bob enrols
2026-03-02 ann brings 500 expires=2026-12-31
2026-03-02 ann gives 5 to=bob                -> refused rule
2026-03-02 ann gives 600 to=bob              -> refused
2026-03-02 ann gives 150 to=bob reason="happy birthday"    -> points=350
2026-03-02 bob has                           -> points=150 lots=2026-12-31:150
2026-03-03 ann gives 60 to=bob               -> refused rule
2026-03-03 ann gives 10 to=ann               -> refused rule
2026-04-01 ann gives 60 to=bob               -> points=290
