"""Which numbers of people are not told, since few people stand behind them (P06, P10): the one rule for every list.

A list has numbers by key, such as sector or diet, and their sum is shown or follows. Numbers below LEAST (five) are
told only together, as one sum. If that sum is itself below LEAST, or all these numbers are equal, the next higher
number joins them, with all that are equal to it. So two of the numbers told together differ: if these exchanged their
keys, the list would show the same. If all were equal, as three sectors with four people each, a reader who knows this
rule could work them out from their sum. They may be equal only if no other key is left: then one of the keys may as
well have all the people.
"""

from collections.abc import Mapping, Sequence
from typing import TypeVar

LEAST = 5

Key = TypeVar("Key")


def list_together(keys: Sequence[Key], numbers: Mapping[Key, int]) -> tuple[Key, ...]:
    """Return the keys whose numbers may be told only as one sum, in their order; none if every number may be told."""
    small = [numbers[key] for key in keys if numbers[key] < LEAST]
    highest = LEAST - 1
    if small and (sum(small) < LEAST or len({*small}) == 1):
        highest = min((numbers[key] for key in keys if numbers[key] >= LEAST), default=highest)
    return tuple(key for key in keys if numbers[key] <= highest)
