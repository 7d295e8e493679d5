"""The one source of the present time."""

from datetime import UTC, datetime

_frozen: datetime | None = None


def now() -> datetime:
    """Return the present time as an aware datetime in UTC."""
    return _frozen or datetime.now(UTC)


def freeze(moment: datetime | None) -> None:
    """Make `now` answer `moment` until told otherwise (tests only); None lets time flow again."""
    global _frozen
    _frozen = moment.astimezone(UTC) if moment else None
