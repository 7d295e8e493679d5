"""Makes the forum start faster: Python's garbage collector runs seldom while its modules are imported.

Importing makes a quarter of a million objects that all stay. Python looks through them again and again for garbage,
which takes a fifth of the time until a command begins. `forum` imports this module before all others. The server and
the worker, which run for long, then call `end`.
"""

import gc

USUAL = gc.get_threshold()
SELDOM = (50_000, 20, 50)

gc.set_threshold(*SELDOM)


def end() -> None:
    """Let Python collect garbage as often as it does by default."""
    gc.set_threshold(*USUAL)
