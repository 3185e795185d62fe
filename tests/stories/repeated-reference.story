# A till that got no answer asks again: the same sale under the same reference counts once.
programme ../../app/programme/samples/club.json

2026-02-01 10:00 ann enrols
2026-02-01 10:00 bob enrols
2026-02-01 10:01 ann buys 50.00 ref=t1-7                    -> earned=50 points=50
2026-02-01 10:02 ann buys 50.00 ref=t1-7                    -> again earned=50 points=50 visits=1
2026-02-03       ann buys 50.00 ref=t1-7                    -> again points=50
2026-02-03       ann buys 51.00 ref=t1-7                    -> refused exists points=50
2026-02-03       bob buys 50.00 ref=t1-7                    -> refused exists points=0
2026-02-03       till=2 ann buys 50.00 ref=t1-7             -> points=100    # another till's numbers are its own
