# 100 points for joining, 50 for a complete profile; each once.
programme plain.json
with awards=[{"code":"HELLO","kind":"sign_up","points":100},{"code":"PROFILE","kind":"profile","points":50}]

2026-03-02 ann enrols                        -> earned=100 points=100
2026-03-02 ann gets award=PROFILE            -> earned=50 points=150
2026-03-02 ann gets award=PROFILE            -> refused exists points=150
2026-03-02 ann gets award=NOTHING            -> refused not found
2026-03-02 bob enrols phone=+4915112345678 birthday=02-29   -> earned=150 points=150
