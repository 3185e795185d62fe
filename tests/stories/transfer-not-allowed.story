# Where the programme says nothing about it, points stay where they are.
programme plain.json

2026-03-02 ann enrols
2026-03-02 bob enrols
2026-03-02 ann brings 500
2026-03-02 ann gives 100 to=bob              -> refused rule points=500
