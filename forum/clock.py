"""The one source of the present time."""

from datetime import UTC, datetime

_frozen: list[datetime] = []


def now() -> datetime:
    """Return the present time as an aware datetime in UTC."""
    return _frozen[0] if _frozen else datetime.now(UTC)


def freeze(moment: datetime | None) -> None:
    """Make `now` answer `moment` until told otherwise (tests only); None lets time flow again."""
    _frozen[:] = [moment.astimezone(UTC)] if moment else []
