# OLA01. 1 point on 1 January 11:00, 2 on the 2nd 10:00, 3 on the 3rd 11:00: since the 2nd (there: 09:00) 5.
# Source: Open Loyalty 3.2, DivanteLtd/open-loyalty-framework src/OpenLoyalty/Component/Account/Tests/Unit/Domain/ReadModel/AccountDetailsTest.php
programme ../plain.json

2018-01-01 11:00 ann enrols
2018-01-01 11:00 ann buys 1.00
2018-01-02 10:00 ann buys 2.00
2018-01-03 11:00 ann buys 3.00                -> earned_since.2018-01-02=5 earned_total=6
