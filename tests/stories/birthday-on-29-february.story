# Who was born on 29 February has the birthday on the 28th in other years.
programme plain.json
with earn.rules.2={"code":"day","multiply_pct":300,"when":{"birthday":"day"}}

2027-02-27 ann enrols birthday=02-29
2027-02-27 ann buys 10.00                    -> earned=10
2027-02-28 ann buys 10.00                    -> earned=30
2027-03-01 ann buys 10.00                    -> earned=10
2028-02-28 ann buys 10.00                    -> earned=10      # a leap year
2028-02-29 ann buys 10.00                    -> earned=30
