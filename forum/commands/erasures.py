"""Erasures and restored backups: what a restore prints, and repeating erasures before the forum serves (P09)."""

from collections.abc import Sequence
from datetime import datetime, timedelta

import click
from flask import Flask, current_app
from sqlalchemy import inspect
from sqlalchemy.exc import SQLAlchemyError

from forum import clock
from forum.commands.preparing import dispose, one_at_a_time
from forum.counting import counted
from forum.database import start_write
from forum.extensions import db
from forum.health import keys
from forum.privacy import erasing_again
from forum.registration import tombstones
from forum.registration.errors import KeyIsAway
from forum.registration.tombstone_models import Tombstone


def erase_again(app: Flask) -> str:
    """Repeat each erasure that is in the tombstone file but not in the database; return a sentence to print, or "".

    Raises click.ClickException when an erasure cannot be repeated, for then the forum must not serve. An unreachable
    database is accepted: once it is reachable, the worker repeats the erasures.
    """
    try:
        with app.app_context():
            noted, unreadable = tombstones.read_file()
            if unreadable:
                raise click.ClickException(_unreadable(unreadable))
            if not noted or not _answers():
                return ""
            try:
                with one_at_a_time(app):
                    return _repeat_due()
            except (SQLAlchemyError, keys.WrongKeys, KeyIsAway) as problem:
                raise click.ClickException(_refusal(problem)) from problem
            finally:
                db.session.remove()
    finally:
        dispose(app)


def tell_since(made_at: datetime) -> str:
    """Return a sentence about the erasures since the backup was made, which the restored database lacks (P09)."""
    file = current_app.config["INSTANCE"] / tombstones.FILE
    marks, unreadable = tombstones.read_file()
    days = current_app.config["BACKUPS_KEPT_DAYS"]
    if made_at <= clock.now() - timedelta(days=days):
        return (
            f"This backup is older than {counted(days, 'day', 'days')} (FORUM_BACKUPS_KEPT_DAYS): whoever was erased"
            " longer ago than that has to be erased by hand before the forum serves."
        )
    if not file.exists():
        return (
            f"{file} is not there. If people have been erased since then, copy it from the machine of the worker"
            " before the forum serves, or erase them by hand."
        )
    if unreadable:
        return _unreadable(unreadable)
    since = sum(mark.erased_at >= made_at for mark in marks.values())
    known = counted(since, "erasure since then is", "erasures since then are")
    return f"{known} known: whoever of them is in this backup is erased again before the forum serves."


def note_before_replacing() -> None:
    """Copy tombstones to the file, from the database that a restore is about to replace, if it can be read (P09)."""
    try:
        tombstones.note(now=clock.now())
    except SQLAlchemyError as problem:
        click.echo(
            f"Erasures that are not in {tombstones.FILE} yet cannot be read from the database that is given up"
            f" ({type(problem).__name__}).",
            err=True,
        )
    finally:
        db.session.remove()


def _repeat_due() -> str:
    """Repeat each due erasure in a transaction of its own; return a sentence on the outcome, "" without erasures."""
    if not inspect(db.engine).has_table(Tombstone.__tablename__):
        raise click.ClickException(
            f"{tombstones.FILE} knows of erased people. `forum db upgrade` comes first."
        )
    due = erasing_again.list_due(now=clock.now())
    db.session.rollback()
    if not due:
        return ""
    start_write(db.session)
    if erasing_again.plant_if_empty(now=clock.now()):
        db.session.commit()
        return ""
    db.session.rollback()
    keys.check()
    done = []
    for digest in due:
        start_write(db.session)
        done.append(erasing_again.repeat_as("command", digest, now=clock.now()))
        db.session.commit()
    erased = sum(one.erased for one in done)
    if not erased:
        return ""
    again = counted(erased, "erasure is", "erasures are")
    said = f"{again} repeated: what was erased was in this database again."
    if left_ended := [reference for one in done for reference in one.left_ended]:
        said += (
            f" A merge that had been undone since the backup was made has ended {', '.join(left_ended)}, and cannot be"
            " undone again: register them again by hand."
        )
    if left_mixed := [reference for one in done for reference in one.left_mixed]:
        said += (
            f" {', '.join(left_mixed)} may still have the address or other values of an erased person, because a merge"
            " cannot be undone again: set them right by hand."
        )
    return said


def _answers() -> bool:
    """Return whether the database can be reached."""
    try:
        with db.engine.connect():
            return True
    except SQLAlchemyError:
        return False


def _unreadable(lines: Sequence[str]) -> str:
    """Return the error for a tombstone file with lines that cannot be read: the forum then does not serve."""
    return (
        f"{tombstones.FILE} has {counted(len(lines), 'line', 'lines')} that cannot be read, so the forum does not know"
        " who was erased. Copy the file again, or delete such lines."
    )


def _refusal(problem: Exception) -> str:
    """Return why the erasures failed, without the values that a database error may quote."""
    known = isinstance(problem, keys.WrongKeys | KeyIsAway)
    why = (
        str(problem)
        if known
        else f"{type(problem).__name__}; `forum db upgrade` as the tables' owner may help"
    )
    return (
        f"People whom {tombstones.FILE} remembers as erased may be in this database again, and could not be erased:"
        f" {why}. If the file is another forum's, move it out of the instance folder."
    )
