# More than three sales of one cashier in an hour, 100 points given a day, and two shops within ten minutes are
# told.
programme plain.json
with guards=[{"kind":"cashier_sales_hour","limit":3},{"kind":"cashier_earned_day","limit":100},{"kind":"travel_minutes","limit":10}]

2026-03-02 10:00 ann enrols
2026-03-02 10:00 bob enrols
2026-03-02 10:01 till=1 shop=1 ann buys 10.00 cashier=mia      -> guard=none
2026-03-02 10:05 till=2 shop=2 ann buys 10.00 cashier=leo      -> guard=travel_minutes
2026-03-02 10:06 till=1 bob buys 20.00 cashier=mia             -> guard=none
2026-03-02 10:07 till=1 bob buys 20.00 cashier=mia             -> guard=none
2026-03-02 10:08 till=1 bob buys 20.00 cashier=mia             -> guard=cashier_sales_hour
2026-03-02 11:00 till=1 bob buys 31.00 cashier=mia             -> guard=cashier_earned_day
