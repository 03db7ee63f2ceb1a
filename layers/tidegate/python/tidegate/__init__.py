"""Tidegate: drop a file in S3; every row ends in a table or in quarantine, exactly once, and you can prove it."""

__version__ = "0.1.0"
