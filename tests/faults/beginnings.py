"""What the database holds when a race begins: saved once by the forum's own actions, then copied for each race.

    beginnings.begin(database, people_near_their_end)     the result of people_near_their_end(), on a filled database

Saving the people of a race takes a good part of its CPU time, and a race on the same kind of database begins with the
same people each time. What was saved long ago is saved anew, because races run by the real clock.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol, TypeVar

from forum.extensions import db
from tools.spares import Content, SpareDatabases

Result = TypeVar("Result")
# Save a race's people anew when they are this old: their deadlines, hours away, are then still far enough off.
FRESH_SECONDS = 1200


class Database(Protocol):
    """The database of a test, whose content can be read and filled in again."""

    kind: str

    def read(self) -> Any:
        """Return what is in the database."""

    def fill(self, content: Any) -> None:
        """Put this content into the database, in place of its own."""


@dataclass
class SqliteFile:
    """A SQLite database; its content is the bytes of its file."""

    path: Path
    kind: str = "sqlite"

    def read(self) -> bytes:
        """Return what is in the database."""
        # Close all connections: with the last one SQLite moves its write-ahead log into the database file.
        db.engine.dispose()
        return self.path.read_bytes()

    def fill(self, content: bytes) -> None:
        """Put this content into the database, in place of its own."""
        db.engine.dispose()
        self.path.write_bytes(content)


@dataclass
class PostgresCopy:
    """A PostgreSQL database that was lent by `spares`."""

    name: str
    spares: SpareDatabases
    kind: str = "postgresql"

    def read(self) -> Content:
        """Return what is in the database."""
        return self.spares.read(self.name)

    def fill(self, content: Content) -> None:
        """Put this content into the database, in place of its own."""
        self.spares.fill(self.name, content)


@dataclass
class Beginnings:
    """The contents with which races begin, by kind of database and by the function that saves them."""

    _known: dict[tuple[str, Callable[[], Any]], tuple[float, Any, Any]] = field(default_factory=dict)

    def begin(self, database: Database, save: Callable[[], Result]) -> Result:
        """Fill the database as `save` does, and return what `save` has returned: ids and tokens, but no rows."""
        saved_at, result, content = self._known.get((database.kind, save), (0.0, None, None))
        if content is not None and time.monotonic() - saved_at < FRESH_SECONDS:
            db.session.remove()
            database.fill(content)
            return result
        result = save()
        db.session.remove()
        self._known[database.kind, save] = time.monotonic(), result, database.read()
        return result
