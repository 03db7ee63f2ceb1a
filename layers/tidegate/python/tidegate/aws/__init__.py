"""Adapters: the only code that speaks to AWS."""
