"""What must be ready before the forum serves: tables, translations, static files, and in the demo its content."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from flask import Flask
from flask_migrate import upgrade
from sqlalchemy import Connection, inspect, text
from sqlalchemy.exc import SQLAlchemyError

from forum import clock, migrating
from forum.accounts import demo
from forum.database import start_write
from forum.demo.loader import load_demo
from forum.extensions import db
from forum.postgres import patience
from forum.privacy import erasing_again
from forum.settings.project import PROJECT
from forum.web.static import build_static, is_built

START_LOCK = 0x0F0A_0001
CATALOGUES = "translations/*/LC_MESSAGES/*.po"


class IncompatibleTables(click.ClickException):
    """The tables belong to a newer version of the forum, and this version cannot use them."""

    def __init__(self, revision: str, lacking: list[str]):
        super().__init__(
            f"The tables are those of a newer version ({revision}), and this version cannot use them"
            f" ({', '.join(lacking)}). Install the newer version again, or restore the backup made before the update."
        )


def prepare(app: Flask) -> None:
    """Bring static files, translations, tables and the demo up to date, in one process at a time.

    This is quick when nothing is outdated.
    """
    with app.app_context(), one_at_a_time(app):
        build_static(PROJECT / "static", app.config["STATIC"])
        compile_translations(PROJECT)
        upgrade_tables()
        if app.config["DEMO"]:
            start_write(db.session)
            # The demo invents the same people each time, so an erasure from an earlier demo must not be repeated in
            # this one.
            erasing_again.plant_if_empty(now=clock.now())
            load_demo(now=clock.now())
            db.session.commit()
        db.session.remove()
    dispose(app)


def refuse_missing_tables(app: Flask) -> None:
    """Raise click.ClickException for a database without tables.

    A database that cannot be reached is accepted: it may come back while the forum serves.
    """
    try:
        with app.app_context(), db.engine.connect() as connection:
            is_empty = not inspect(connection).has_table("alembic_version")
    except SQLAlchemyError:
        return
    finally:
        dispose(app)
    if is_empty:
        raise click.ClickException("The database has no tables. `forum db upgrade` makes them.")


def refuse_missing_files(app: Flask) -> None:
    """Raise click.ClickException unless this version's static files are built: without them every page would fail."""
    if not is_built(PROJECT / "static", app.config["STATIC"]):
        raise click.ClickException("The static files are not built. `forum static` builds them.")


def upgrade_tables() -> str:
    """Bring the tables up to date; return a sentence about the outcome. Needs an app context.

    Tables of a newer version stay as they are. Raises IncompatibleTables when this version cannot use them.
    """
    with db.engine.connect() as connection:
        newer = migrating.find_unknown_revision(connection)
        lacking = migrating.find_lacking(connection, db.metadata) if newer else []
    if not newer:
        upgrade()
        return "The tables are up to date."
    if lacking:
        raise IncompatibleTables(newer, lacking)
    return (
        f"The tables are those of a newer version ({newer}). This version can use them; nothing was changed."
    )


def demo_link(app: Flask) -> str:
    """Return a link that signs in as the demo's organiser, without a second factor; earlier links are revoked."""
    with app.app_context():
        start_write(db.session)
        link = demo.new_link(now=clock.now())
        db.session.commit()
        db.session.remove()
    dispose(app)
    return link


def compile_translations(project: Path) -> int:
    """Compile the translations that have changed since they were last compiled; return how many."""
    stale = [path for path in sorted(project.glob(CATALOGUES)) if _is_stale(path)]
    for path in stale:
        with path.open("rb") as source:
            catalogue = read_po(source, locale=path.parts[-3])
        written = path.with_suffix(".mo.part")
        with written.open("wb") as target:
            write_mo(target, catalogue)
        written.chmod(0o644)  # let every user read the translation: the server may run as another user
        written.replace(path.with_suffix(".mo"))
    return len(stale)


def dispose(app: Flask) -> None:
    """Close the database connections: a process forked from this one must not share them."""
    with app.app_context():
        db.engine.dispose()


@contextmanager
def one_at_a_time(app: Flask) -> Iterator[None]:
    """Let one process at a time prepare: on one machine by a lock file, on several by a lock in PostgreSQL, too.

    Both locks are released when the process ends, even if it is killed. Needs an app context.
    """
    with (app.config["INSTANCE"] / "start.lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        if db.engine.dialect.name != "postgresql":
            yield
            return
        with db.engine.connect() as connection:
            _wait_for_start_lock(connection)
            try:
                yield
            finally:
                connection.execute(text("SELECT pg_advisory_unlock(:key)"), {"key": START_LOCK})
                connection.commit()


def _wait_for_start_lock(connection: Connection) -> None:
    """Wait for the lock without the usual time limits (R16): another start may need long to migrate large tables.

    The lock belongs to the connection, not to the transaction.
    """
    connection.execute(
        text("SELECT set_config('lock_timeout', '0', true), set_config('statement_timeout', '0', true)")
    )
    with patience(None):
        connection.execute(text("SELECT pg_advisory_lock(:key)"), {"key": START_LOCK})
    connection.commit()


def _is_stale(path: Path) -> bool:
    compiled = path.with_suffix(".mo")
    return not compiled.exists() or compiled.stat().st_mtime_ns < path.stat().st_mtime_ns
