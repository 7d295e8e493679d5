"""Reports how many passwords and codes were refused within a day."""

from datetime import datetime, timedelta

from forum.audit import queries
from forum.counting import counted

REFUSALS_MAY_BE = 30


def check(now: datetime) -> tuple[bool, str]:
    """Return whether few passwords and codes were refused in a day, and a sentence with the number of each kind."""
    counts = queries.count_refusals(now - timedelta(days=1))
    words = ", ".join(
        f"{action.partition('.')[2]} {counted(count, 'time', 'times')}"
        for action, count in counts.items()
        if count
    )
    refused = sum(counts.values())
    return (
        refused < REFUSALS_MAY_BE,
        f"in a day at least: {words}" if refused else "none was refused in a day",
    )
