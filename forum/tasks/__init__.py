"""Tasks: long work on many people, with a row for each person, which the worker does row by row (R12)."""
