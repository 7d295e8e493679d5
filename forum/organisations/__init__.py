"""Organisations as organisers write them down: their names, mail domains and caps; what belongs to which."""
