"""Code that tests, bench and bin share: servers, the forum run in processes, a test client that checks pages.

This package is not part of the wheel, and imports neither tests nor bench nor bin.
"""
