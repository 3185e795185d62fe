# ODS07. Paying with a gift card still earns: of 100.00 50.00 is paid by card, and all of it earns. (Whether it
# does is a switch: see ../gift-card-tender.story.)
# Source: Odoo Sale, odoo/odoo addons/sale_loyalty/tests/test_loyalty.py (test_points_awarded_giftcard)
programme ../plain.json

2026-03-02 ann enrols
2026-03-02 ann buys 100.00 pays gift_card=50.00 cash=50.00   -> earned=100
