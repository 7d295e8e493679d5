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
    """Return half the difference between the smallest and the greatest ratio, in per cent of the median."""
    return 50 * (max(ratios) - min(ratios)) / statistics.median(ratios)
