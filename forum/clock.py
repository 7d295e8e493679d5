"""The only source of the current time, so that tests can set it."""

from datetime import UTC, datetime

_frozen: list[datetime] = []


def now() -> datetime:
    """Return the current time as an aware datetime in UTC."""
    return _frozen[0] if _frozen else datetime.now(UTC)


def freeze(moment: datetime | None) -> None:
    """Make `now` return `moment` until `freeze` is called again; None restores the real time. For tests only."""
    _frozen[:] = [moment.astimezone(UTC)] if moment else []
