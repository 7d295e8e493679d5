"""The age of the last backup, for the health check, the console's checklist and the console's overview."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from flask import current_app

from forum import presence
from forum.extensions import db

# The age that a backup may reach: backups are made daily, and making one takes some time.
MAY_BE_OLD = timedelta(hours=26)


@dataclass(frozen=True)
class LastBackup:
    """When the last backup on this machine was finished (None if unknown); `is_well` if health checks accept that."""

    made: datetime | None
    is_well: bool
    is_readable: bool = True

    @property
    def is_recent(self) -> bool:
        """Whether a backup of the last day is known."""
        return self.is_well and self.made is not None


def find_last(now: datetime) -> LastBackup:
    """Return what is known of the last backup.

    That no backup is known here is a fault only with SQLite in production: with PostgreSQL another machine may make
    them.
    """
    try:
        made = presence.last_backup(current_app.config["INSTANCE"])
    except (OSError, ValueError):
        return LastBackup(None, is_well=False, is_readable=False)
    if made is None:
        is_elsewhere = db.engine.dialect.name == "postgresql"
        return LastBackup(None, is_well=is_elsewhere or not current_app.config["PRODUCTION"])
    return LastBackup(made, is_well=now - made <= MAY_BE_OLD)
