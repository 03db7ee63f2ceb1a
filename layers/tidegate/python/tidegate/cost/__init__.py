"""What a workload costs: how many runs it makes, what they use of each service, and what that is at list prices.

`prices.json` holds every price there is in this repository, `measured.json` what runs used on a laptop's AWS (`make usage` measures
again). Everything but `data`, which reads these two files, is plain arithmetic.
"""
