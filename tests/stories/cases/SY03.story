# SY03. The lot that lapses first is spent first, though it came later.
# Source: Sylius (Setono), Setono/sylius-loyalty-plugin tests/Replay/LotReplayerTest.php
programme ../../../app/programme/samples/club.json with redeem.step_points=1 redeem.step_value_minor=1 redeem.minimum_points=1 redeem.maximum_share_pct=100

2026-03-02 ann enrols
2026-03-02 ann brings 100 expires=2027-06-01
2026-03-02 ann brings 100 expires=2027-01-01
2026-03-02 ann buys 1.00 redeem=100           -> pays=0.00 lots=2027-06-01:100
