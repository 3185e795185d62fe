# Goods come back line by line, piece by piece, at any till, on any day. However it is split, all of it back is
# all of it back.
programme plain.json

2026-03-02 10:00 ann enrols
2026-03-02 10:01 ann buys 3 x 3.33 sku=A, 50.00 sku=B ref=a           -> earned=59
2026-03-05 10:00 refund a line=1 quantity=1                           -> worth=3.33 takes_back=3 points=56
2026-03-06 10:00 till=2 ann has                                       -> points=56 here=0
2026-03-06 10:01 refund a till=1 line=1 quantity=1, line=2            -> worth=53.33 points=3
2026-03-07 10:00 refund a line=1 quantity=2                           -> refused rule points=3
2026-03-07 10:01 refund a                                             -> worth=3.33 points=0 earned_total=0
2026-03-07 10:02 refund a                                             -> refused rule
2026-03-07 10:03 void a                                               -> refused rule
