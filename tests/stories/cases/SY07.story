# SY07. 50 in, 80 out, 100 in: the overdraft of 30 comes out of the next points, 70 are left. Here only a void
# overdraws: of a sale of 80, when 30 of its points are spent.
# Source: Sylius (Setono), Setono/sylius-loyalty-plugin tests/Replay/LotReplayerTest.php
programme ../../../app/programme/samples/club.json with redeem.step_points=1 redeem.step_value_minor=1 redeem.minimum_points=1 redeem.maximum_share_pct=100

2026-03-02 ann enrols
2026-03-02 ann buys 80.00 ref=a               -> points=80
2026-03-02 ann buys 0.30 redeem=30            -> points=50 earned=0
2026-03-02 void a                             -> points=-30 debt=30
2026-03-02 ann buys 100.00                    -> points=70 debt=0 lots=2027-03-31:70
