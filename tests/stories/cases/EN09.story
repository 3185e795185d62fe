# EN09. Of a sale of 106, the 50 paid with points earn nothing.
# Source: ERPNext, https://github.com/frappe/erpnext/issues/59050
programme ../../../app/programme/samples/club.json with redeem.step_points=1 redeem.step_value_minor=100 redeem.minimum_points=1 redeem.maximum_share_pct=100

2026-03-02 ann enrols
2026-03-02 ann brings 50
2026-03-02 ann buys 106.00 redeem=50          -> pays=56.00 earned=56
