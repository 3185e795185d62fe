# Whether the part that points pay earns is the programme's decision: here it does.
programme ../../app/programme/samples/club.json with earn.on_redeemed=true

2026-02-01 ann enrols
2026-02-01 ann brings 1000
2026-02-02 ann buys 20.00 redeem=1000      -> pays=10.00 earned=20
2026-02-02 ann has                         -> needs=490.00    # money paid counts towards the tier
