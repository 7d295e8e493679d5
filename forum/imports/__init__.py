"""Importing people from a table: reading the table, a dry run, registering the people, and undoing the import."""
