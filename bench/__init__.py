"""Benchmarks of the forum beside reference servers, measured in one run on the same machine: `make bench`."""
