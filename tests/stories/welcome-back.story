# Who has not bought for 90 days gets 100 points with the next purchase.
programme plain.json
with earn.rules.2={"code":"back","points":100,"when":{"away_days":90}}

2026-01-01 ann enrols
2026-01-01 ann buys 10.00                    -> earned=10      # there was no purchase before
2026-03-31 ann buys 10.00                    -> earned=10      # 89 days
2026-06-29 ann buys 10.00                    -> earned=110 why.back=100
2026-06-30 ann buys 10.00                    -> earned=10
