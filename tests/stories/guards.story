# What looks like fraud is told or refused: more than two sales of one card in an hour (told), the cashier's own
# card (refused), an adjustment above 500 points by one person alone (refused).
programme plain.json
with guards=[{"kind":"card_sales_hour","limit":2},{"kind":"own_card","refuses":true},{"kind":"adjust_points","limit":500,"refuses":true}]

2026-03-02 10:00 ann enrols
2026-03-02 10:01 mia enrols
2026-03-02 10:02 ann buys 1.00 cashier=mia             -> guard=none
2026-03-02 10:03 ann buys 1.00 cashier=mia             -> guard=none
2026-03-02 10:04 ann buys 1.00 cashier=mia             -> guard=card_sales_hour points=3
2026-03-02 11:00 ann buys 1.00 cashier=mia             -> guard=none
2026-03-02 11:01 mia buys 1.00 cashier=mia             -> refused blocked guard=own_card points=0
2026-03-02 11:02 mia buys 1.00 cashier=leo             -> points=1
2026-03-02 12:00 ann gets 500 reason="a scratched mug" by=leo                  -> points=504
2026-03-02 12:01 ann gets 501 reason="a broken mug" by=leo                     -> refused blocked guard=adjust_points
2026-03-02 12:02 ann gets 501 reason="a broken mug" by=leo second=mia          -> points=1005
2026-03-02 12:03 ann gets -5 reason="a slip" by=leo                            -> points=1000
