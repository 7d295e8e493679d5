"""Benchmarks of the forum and of reference servers, in one run on the same machine: `make bench`."""
