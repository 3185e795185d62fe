# EN03. Bronze, Silver from 10000, Gold from 20000, by what was spent before (0) and this sale (25000).
# Source: ERPNext, frappe/erpnext erpnext/accounts/doctype/loyalty_program/test_loyalty_program.py (test_tier_selection)
programme ../../../app/programme/samples/club.json with tiers.levels.2.threshold=1000000 tiers.levels.3.threshold=2000000 tiers.levels.2.code=Silver tiers.levels.3.code=Gold tiers.levels.1.code=Bronze tiers.levels.4.threshold=3000000 tiers.levels.5.threshold=4000000

2026-03-02 ann enrols
2026-03-02 ann brings 0 counts=0
2026-03-02 ann asks 25000                     -> tier_after=Gold
2026-03-02 ann buys 25000                     -> tier=Gold
