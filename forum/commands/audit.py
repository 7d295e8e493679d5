"""`forum audit`: verify the audit trail, and erase the details of an entry (S46)."""

import click
from flask.cli import with_appcontext

from forum import clock
from forum.audit import actions, checking, queries
from forum.audit.models import AuditEntry
from forum.counting import counted
from forum.database import start_write
from forum.extensions import db


@click.group()
def audit() -> None:
    """The audit trail: who did, saw and exported what."""


@audit.command()
@click.option("--number", type=click.IntRange(1), help="The number of an entry that was noted elsewhere,")
@click.option("--hash", "entry_hash", help="and its hash: is that entry still there?")
@with_appcontext
def verify(number: int | None, entry_hash: str | None) -> None:
    """Check the whole chain, also against the heads that were written down, and say what is wrong.

    The console's log and /status show what was found, as after a check by the worker.
    """
    if (number is None) != (entry_hash is None):
        raise click.UsageError("--number and --hash belong together.")
    now = clock.now()
    result = checking.check_all(now=now)
    problems = [*result.faults, *result.missing]
    if number and entry_hash and not queries.is_in_chain(number, entry_hash):
        problems.append(f"entry {number} is gone or another than the one that was noted")
    for problem in problems:
        click.echo(f"BAD  {problem}", err=True)
    # End the check's transaction before writing begins: the long check holds no lock, and also works on a database that
    # cannot be written.
    db.session.rollback()
    start_write(db.session)
    checking.keep(result, now=now)
    db.session.commit()
    if problems:
        raise click.exceptions.Exit(1)
    if newest := queries.find_newest():
        entries = counted(queries.count_entries(), "entry", "entries")
        click.echo(f"whole: {entries}; the newest is {newest.id}, {newest.hash}")
    else:
        click.echo("whole: nothing has been recorded yet")


@audit.command("erase-details")
@click.argument("number", type=click.IntRange(1))
@with_appcontext
def erase_details(number: int) -> None:
    """Delete the details of entry NUMBER and record that; for the erasure of a person."""
    start_write(db.session)
    entry = db.session.get(AuditEntry, number)
    if entry is None or entry.details is None:
        raise click.ClickException(f"Entry {number} is not there, or its details are gone.")
    actions.erase_details(entry, actor="command", at=clock.now())
    db.session.commit()
    click.echo(f"The details of entry {number} are erased, and the record says so.")
