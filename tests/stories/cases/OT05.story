# OT05. A reward of 2.00 per 20.00, once a sale: 160.00 brings 2.00.
# Source: NCR Voyix, https://docs.ncrvoyix.com/retail/ncr-voyix-loyalty/userguide/reward-distribution
programme ../plain.json
with rewards.1={"code":"TWO","kind":"amount","amount_minor":200,"automatic":true,"when":{"basket_minor_min":2000},"limits":[{"per":"sale","times":1}]}

2026-03-02 ann enrols
2026-03-02 ann buys 160.00                    -> discount=2.00 times.TWO=1
