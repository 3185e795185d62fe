# What is earned on 29 February lapses after 28 February, where there is no 29th.
programme ../../app/programme/samples/club.json with expiry={"kind":"months","months":12}

2028-02-29 ann enrols
2028-02-29 ann buys 29.00                  -> expires=2029-02-28
2029-02-28 ann has                         -> points=29
2029-03-01 ann has                         -> points=0 expired=29
