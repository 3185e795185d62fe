# Discounts without a card to stamp: two for one on socks, and 10 % for members; the percentage is not taken of
# what is free.
programme plain.json
with rewards.1={"code":"SOCKS","kind":"bundle","automatic":true,"lines":{"categories":["socks"]},"buy":1,"get":1}
with rewards.2={"code":"TENTH","kind":"percent","percent":10,"automatic":true}

2026-03-02 ann enrols
2026-03-02 ann buys 2 x 5.00 cat=socks, 10.00     -> total=20.00 off.SOCKS=5.00 off.TENTH=1.50 pays=13.50 earned=13
