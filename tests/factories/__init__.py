"""Factories of test data: `make_…(**differences)` saves an object and returns it."""
