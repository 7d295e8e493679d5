"""Makers of data for tests: `make_…(**what differs)` saves at once and returns what it made."""
