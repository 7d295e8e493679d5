"""Importing people from a table: reading it, what would happen, registering them, and undoing all of it."""
