"""What tests, bench and bin share: servers, the forum in processes of its own, a browser that checks pages.

It is no part of the wheel, and imports neither tests nor bench nor bin.
"""
