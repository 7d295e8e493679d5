"""Data of earlier releases, stored by migration in tests/guards/old_data/<revision>.json.

Store the rows of the present release before a migration changes its tables (rows of tests/guards/world.py):

    .venv/bin/python -m tests.guards.old_data > tests/guards/old_data/0001.json
"""

import base64
import json
import sys
from datetime import UTC, date, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import flask_migrate
from flask import Flask
from sqlalchemy import Connection, MetaData, insert, select

from forum import clock, create_app, migrating
from forum.extensions import db
from forum.settings.keys import KEY_PURPOSES
from tests.factories.events import NOW
from tests.guards import texts, world
from tests.shortcuts import compile_once

FILES = Path(__file__).with_name("old_data")
KEYS = json.dumps({purpose: [base64.b64encode(b"0" * 32).decode()] for purpose in KEY_PURPOSES})
READERS = {"moment": datetime.fromisoformat, "day": date.fromisoformat, "bytes": base64.b64decode}
VERSION_TABLE = "alembic_version"


def insert_rows(connection: Connection, stored: dict[str, list[dict[str, Any]]]) -> None:
    """Insert stored rows into the tables of the current migration."""
    metadata = MetaData()
    metadata.reflect(connection)
    for table in metadata.sorted_tables:
        if stored.get(table.name) and holds_data(table.name):
            # Delete rows that a migration has inserted: the stored rows take their place.
            if connection.execute(select(table).limit(1)).first():
                connection.execute(table.delete())
            connection.execute(insert(table), [_read(row) for row in stored[table.name]])


def read_rows(connection: Connection) -> dict[str, list[dict[str, Any]]]:
    """Return all rows of all tables as JSON values, sorted."""
    metadata = MetaData()
    metadata.reflect(connection)
    return {
        table.name: sorted((_written(row) for row in connection.execute(select(table)).mappings()), key=str)
        for table in metadata.sorted_tables
        if holds_data(table.name)
    }


def holds_data(table: str) -> bool:
    """Return whether a table's rows are data: neither Alembic's own, nor the search index that triggers fill."""
    return table != VERSION_TABLE and not migrating.is_index(table)


def _written(row: Any) -> dict[str, Any]:
    return {name: _value(value) for name, value in row.items()}


def _value(value: Any) -> Any:
    if isinstance(value, datetime):
        return {"moment": (value if value.tzinfo else value.replace(tzinfo=UTC)).astimezone(UTC).isoformat()}
    if isinstance(value, date):
        return {"day": value.isoformat()}
    return {"bytes": base64.b64encode(value).decode()} if isinstance(value, bytes) else value


def _read(row: dict[str, Any]) -> dict[str, Any]:
    return {name: _stored(value) for name, value in row.items()}


def _stored(value: Any) -> Any:
    kind = next(iter(value)) if isinstance(value, dict) and len(value) == 1 else ""
    return READERS[kind](value[kind]) if kind in READERS else value


def make_app(url: str, folder: Path, **settings: Any) -> Flask:
    """Return an app with the keys with which the stored rows are encrypted."""
    known = {"TESTING": True, "SECRET_KEY": "only-for-tests-0123456789abcdefghijklmnop", "DATA_KEYS": KEYS}
    app = create_app({**known, "INSTANCE": folder, "DATABASE_URL": url, **settings})
    compile_once(app)
    return app


def main() -> None:
    """Print the rows of the test data (world.py) and the secret tokens of its personal links and sign-ins."""
    with TemporaryDirectory() as folder:
        app = make_app(f"sqlite:///{folder}/forum.sqlite3", Path(folder))
        clock.freeze(NOW)
        with app.app_context():
            flask_migrate.upgrade()
            made = world.build(app, texts.canary)
            kept = {"tokens": made.tokens, "rows": read_rows(db.session.connection())}
        for mail in kept["rows"]["outbox_messages"][2:]:
            mail["content"] = None  # Keep the content of two mails only, because contents are long.
        json.dump(kept, sys.stdout, ensure_ascii=False, indent=0)


if __name__ == "__main__":
    main()
