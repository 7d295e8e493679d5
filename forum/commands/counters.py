"""`forum mend-counters`: set the counters of places to the number that registrations really hold."""

import click
from flask.cli import with_appcontext

from forum import clock
from forum.audit import actions as audit
from forum.counting import counted
from forum.database import start_write
from forum.events import queries as events
from forum.extensions import db
from forum.registration import places, state_counts
from forum.registration.errors import CapacityBelowTaken

TOO_MANY = "{slug}: more places are held than its capacity or a ceiling allows; raise that first."


@click.command("mend-counters")
@with_appcontext
def mend_counters() -> None:
    """Recount the places of every event, correct its counters, and record what was wrong."""
    start_write(db.session)
    slugs = [event.slug for event in events.list_events()]
    if wrong := state_counts.mend():
        click.echo(f"{counted(wrong, 'number', 'numbers')} of registrations by sector and state corrected.")
    db.session.commit()
    refused = [slug for slug in slugs if not _mend(slug)]
    if refused:
        raise click.exceptions.Exit(1)


def _mend(slug: str) -> bool:
    """Correct the counters of one event, in a transaction of its own; return False if they could not be corrected."""
    start_write(db.session)
    event = events.find_event(slug)
    if event is None:
        return True
    places.lock(event)
    try:
        wrong = places.mend(event)
    except CapacityBelowTaken:
        db.session.rollback()
        click.echo(TOO_MANY.format(slug=slug), err=True)
        return False
    if wrong:
        audit.record("event.counters_mended", event, actor="command", at=clock.now(), counters=wrong)
    db.session.commit()
    told = "; ".join(f"{key} {was} -> {now}" for key, (was, now) in wrong.items())
    click.echo(f"{slug}: {told or 'agree'}")
    return True
