"""Who each route is for, in one list for each face of the forum. `forum.accounts.access` reads them all."""
