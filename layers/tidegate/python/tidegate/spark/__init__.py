"""Loading on many machines: what a Spark job on Glue runs on its driver and in its tasks.

Spark schedules, tries again and moves no row: a task is a value that is performed wherever it lands, beside the row engine, on files
that it fetches and leaves in the lake bucket. Nothing here imports Spark; `jobs/load.py` brings tasks to it.
"""
