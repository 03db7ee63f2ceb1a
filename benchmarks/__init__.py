"""Tidegate beside its floors and its peers, measured in one run: `make bench`.

`data` writes the files, `meter` runs one measurement as a process of its own, `same` compares what came out before a figure counts,
`figures` has medians and ratios, `report` prints them and writes docs/benchmarks.md. `cases/` has one file per case, `work/` what the
measured processes do.
"""
