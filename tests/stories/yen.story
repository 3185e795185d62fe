# A currency without decimals, and a programme written out in the story.
programme {
  "programme": "Tokyo", "version": 1,
  "effective_from": "2026-01-01T00:00:00+09:00", "time_zone": "+09:00",
  "currency": { "code": "JPY", "exponent": 0 },
  "earn": { "rules": [ { "code": "base", "points": 1, "per_minor": 100 } ] },
  "redeem": { "step_points": 1, "step_value_minor": 1, "minimum_points": 1, "maximum_share_pct": 100 },
  "expiry": { "kind": "months", "months": 24 },
  "tiers": { "metric": "spend", "levels": [
    { "code": "S", "name": { "en": "Silver", "zh": "银" }, "stars": 1, "threshold": 0, "multiplier_pct": 100 },
    { "code": "G", "name": { "en": "Gold", "zh": "金" }, "stars": 2, "threshold": 50000, "multiplier_pct": 200 } ] },
  "cards": []
}

2026-02-01 小明 enrols phone=0312345678
2026-02-01 小明 buys 1980                     → earned=19 total=1980 needs=48020
2026-02-01 小明 buys 119 redeem=19            → pays=100 earned=1 points=1
2026-02-01 小明 buys 48000                    → earned=480 tier=G
2026-02-01 小明 buys 1000                     → earned=20 value=501
