"""Ratios of two costs or rates that are measured in turns.

The two measurements of a turn stand beside each other in time, so a machine that becomes slower changes both, and
hardly their ratio.
"""

import statistics
from collections.abc import Sequence

# How often a measurement of a second or more takes turns with its reference.
TURNS = 5


def ratios(ours: Sequence[float], beside: Sequence[float]) -> list[float]:
    """Return each turn's ratio of our figure to the reference's."""
    return [mine / theirs for mine, theirs in zip(ours, beside, strict=True)]


def spread(ratios: Sequence[float]) -> float:
    """Return the median distance of the ratios from their median, in per cent of their median.

    Unlike the difference between the smallest and the greatest ratio, this spread stays small when a single turn was
    disturbed.
    """
    middle = statistics.median(ratios)
    return 100 * statistics.median(abs(ratio - middle) for ratio in ratios) / middle
