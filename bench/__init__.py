"""Measures the forum against references on the same machine, in one run: `make bench`."""
