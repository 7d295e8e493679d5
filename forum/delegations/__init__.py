"""People who come for others or with others: somebody who comes instead, and delegations of one organisation."""
