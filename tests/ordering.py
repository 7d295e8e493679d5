"""The order in which the workers of a test run begin: long tests first.

pytest-xdist gives each worker a part of the list, and a worker that has finished takes tests from the end of another's
part. A test of several minutes at the end of a part would begin last, and the whole run would wait for it.
"""

from collections.abc import Sequence

import pytest


def begin_with_long(items: Sequence[pytest.Item], workers: int) -> list[pytest.Item]:
    """Return the tests so that each worker's part of the list begins with modules that have a test marked `long`.

    A module stays together, because its tests share fixtures that take long to make.
    """
    modules: dict[str, list[pytest.Item]] = {}
    for item in items:
        modules.setdefault(item.nodeid.split("::")[0], []).append(item)
    long = [module for module in modules.values() if any(item.get_closest_marker("long") for item in module)]
    others = [item for module in modules.values() if module not in long for item in module]
    parts = []
    for number in range(workers):
        # pytest-xdist gives the first worker the first part, rounded down, and the others what is left.
        size = (len(items) - sum(map(len, parts))) // (workers - number)
        first = [item for module in long[number::workers] for item in module]
        taken = max(0, size - len(first))
        parts.append([*first, *others[:taken]])
        others = others[taken:]
    return [*(item for part in parts for item in part), *others]
