# At most 500 points at once, 800 a month; half of what is paid; tea is never paid with points.
programme plain.json
with earn.rules=[]
with redeem={"step_points":1,"step_value_minor":1,"maximum_points":500,"maximum_share_pct":50,"limits":[{"per":"month","points":800}],"lines":{"except_categories":["tea"]}}

2026-03-02 ann enrols
2026-03-02 ann brings 5000
2026-03-02 ann asks 100.00                   -> most_online=500
2026-03-02 ann asks 6.00, 50.00 cat=tea      -> most_online=300
2026-03-02 ann buys 100.00 redeem=600        -> refused rule
2026-03-02 ann buys 100.00 redeem=500        -> pays=95.00
2026-03-03 ann buys 100.00 redeem=500        -> refused rule
2026-03-03 ann buys 100.00 redeem=most       -> redeemed=300
2026-04-01 ann buys 100.00 redeem=500        -> redeemed=500
