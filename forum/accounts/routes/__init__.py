"""The access table: the audience of each route, in one list for each part of the site.

`forum.accounts.access` reads all these lists.
"""
