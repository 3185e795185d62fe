# 100 points pay 1.00; at least 300 points at a time, and at most half of the basket.
programme ../../app/programme/samples/club.json with redeem.minimum_points=300

2026-02-01 ann enrols
2026-02-01 ann brings 1050                 -> points=1050 value=10.50 hq=1050
2026-02-02 ann buys 100.00 redeem=200      -> refused rule points=1050     # below the minimum
2026-02-02 ann buys 100.00 redeem=350      -> refused rule                 # off the step
2026-02-02 ann buys 100.00 redeem=1100     -> refused points_short         # more than there is
2026-02-02 ann buys 7.99   redeem=400      -> refused rule                 # 4.00 is more than half
2026-02-02 ann asks 7.99                   -> most=0 most_online=300       # all of it is at head office yet
2026-02-02 ann asks 5.99                   -> most_online=0                # half of it is below the minimum
2026-02-02 ann buys 8.00   redeem=400      -> redeemed=400 redeemed_value=4.00 pays=4.00 earned=4 drew=400
2026-02-02 ann has                         -> points=654 here=4 hq=650 visits=1
2026-02-02 ann buys 100.00 redeem=0        -> redeemed=0 pays=100.00 earned=100
2026-02-02 ann buys 0.00 redeem=300        -> refused rule points=754
