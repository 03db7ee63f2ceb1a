"""A model of the world that drives the real use cases through random histories: `python -m simulator --help`."""
