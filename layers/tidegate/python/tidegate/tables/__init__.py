"""Iceberg schemas from contracts, and the fold that makes silver from bronze."""
