"""Long work on many people: a task, with a row for each person, which the worker works off (R12)."""
