"""Adapters to what gold is built in."""
