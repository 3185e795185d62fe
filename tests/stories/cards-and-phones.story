# Own cards and phone numbers make a member. Payment cards are refused, and shown to nobody.
programme ../../app/programme/samples/club.json

2026-02-01 ann enrols card=60058500000000001
2026-02-01 bob enrols phone="+86 139-1234-5678"
2026-02-01 cem enrols card=610214500123
2026-02-01 ann shows card="600585 00000 000001"             -> ok
2026-02-01 bob shows phone=+8613912345678                   -> ok
2026-02-01 ann buys 10.00 card=60058500000000001            -> earned=10
2026-02-01 ann shows card=60058500000000002                 -> refused unknown card
2026-02-01 ann shows card=12345                             -> refused invalid
2026-02-01 ann shows card=60058X                            -> refused invalid
2026-02-01 ann buys 10.00 card="4111 1111 1111 1111"        -> refused payment card points=10
2026-02-01 ann buys 10.00 card=5555555555554444             -> refused payment card
2026-02-01 dan enrols card=4111111111111111                 -> refused payment card
2026-02-01 dan buys 10.00                                   -> refused unknown card
2026-02-01 eve enrols card=60058500000000001                -> refused exists     # it is Ann's
2026-02-01 dan enrols card=60058500000000007                -> ok points=0
