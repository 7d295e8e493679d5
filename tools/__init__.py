"""What tests, bench and bin share: servers, the forum run in processes, a test client that checks pages.

It is not part of the wheel, and imports neither tests nor bench nor bin.
"""
