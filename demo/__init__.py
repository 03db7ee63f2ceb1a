"""The demo's data: invented people and counts, with faults planted on purpose and every expected number beside them.

    python -m demo.generate OUT_DIR [--scale N]

gives the same bytes on every machine. words and dice feed patients, care and dailies (clean rows); faults spoils some of them;
story puts all files in the order in which they are dropped; fold works out, in plain Python, what the tables must hold.
"""
