# Fuel and gift cards earn nothing, whatever a rule says, and points do not pay for them.
programme plain.json
with earn.lines={"except_categories":["fuel","gift_card"]}
with redeem.lines={"except_categories":["fuel","gift_card"]}
with earn.rules.2={"code":"double","multiply_pct":200}

2026-03-02 ann enrols
2026-03-02 ann buys 40.00 cat=fuel, 10.00 cat=food, 5.00      -> earned=30
2026-03-02 ann buys 40.00 cat=gift_card                       -> earned=0
2026-03-02 ann brings 5000
2026-03-02 ann asks 40.00 cat=fuel, 10.00 cat=food            -> most_online=1000
2026-03-02 ann buys 40.00 cat=fuel redeem=100                 -> refused rule
