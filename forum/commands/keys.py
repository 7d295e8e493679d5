"""`forum new-keys`, `forum rotate-keys`, and the check of the keys at every start."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import click
from flask import Flask
from flask.cli import with_appcontext
from sqlalchemy.exc import SQLAlchemyError

from forum.commands.preparing import dispose
from forum.counting import counted
from forum.extensions import db
from forum.health import keys, signing
from forum.settings.errors import UnsafeSettings
from forum.settings.keys import new_data_keys, write_private


@click.command("new-keys")
@click.option(
    "--to",
    "path",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Write them into a new FILE that only its owner may read.",
)
def new_keys(path: Path | None) -> None:
    """Print fresh data keys for FORUM_DATA_KEYS, or write them into a file for FORUM_DATA_KEYS_FILE.

    Use --to rather than the shell's `> FILE`: with many shells every user may read a file made by that.
    """
    if path is None:
        click.echo(new_data_keys())
        return
    try:
        write_private(path, new_data_keys())
    except FileExistsError:
        raise click.ClickException(f"{path} exists; nothing was written.") from None
    click.echo(f"{path}: fresh keys. Lost means lost: keep a copy apart from the backups.")


@click.command("rotate-keys")
@with_appcontext
def rotate_keys() -> None:
    """Encrypt everything anew under the newest data keys, while the forum runs."""
    try:
        keys.remember()
    except keys.WrongKeys as problem:
        raise click.ClickException(f"{problem}; nothing has been changed.") from None
    done, closed = keys.rotate()
    click.echo(f"{counted(done, 'value is', 'values are')} sealed under the newest keys.")
    click.echo("The older keys of identity, care and outbox may go once no process has them as its newest.")
    click.echo("Those of audit and totp stay: they prove older audit entries and know the recovery codes.")
    if closed:
        raise click.ClickException(
            counted(closed, "value does not open in its row", "values do not open in their row")
            + "; what is there was left as before, and `forum doctor` names it."
        )


def refuse_wrong_keys(app: Flask) -> None:
    """Raise UnsafeSettings when the data keys do not decrypt this database.

    A database that cannot be reached or has no tables yet is accepted.
    """
    with _database_if_usable(app):
        try:
            keys.remember()
        except keys.WrongKeys as problem:
            raise UnsafeSettings([f"FORUM_DATA_KEYS: {problem}"]) from None


def note_signing_key(app: Flask) -> None:
    """Store a fingerprint of FORUM_SECRET_KEY, with which other machines compare theirs; ignore a failing database."""
    with _database_if_usable(app):
        signing.note()


@contextmanager
def _database_if_usable(app: Flask) -> Iterator[None]:
    """Give an app context in which errors of the database are ignored.

    The database connection is closed at the end, because processes that are forked later must not share it.
    """
    try:
        with suppress(SQLAlchemyError), app.app_context():
            yield
    finally:
        with app.app_context():
            db.session.remove()
        dispose(app)
