"""Plain frozen values: arrivals, files, leases, runs. No I/O."""
