"""`forum seed`: fill the demo with invented people by the thousand, to try the console at that scale."""

from collections.abc import Iterator

import click
from flask import current_app
from flask.cli import with_appcontext
from sqlalchemy import text

from forum import clock
from forum.audit import actions as audit
from forum.database import start_write
from forum.demo import crowd, touring
from forum.demo.loader import load_demo
from forum.events import queries as events
from forum.extensions import db
from forum.privacy import erasing_again
from forum.registration import state_counts, text_index

AT_ONCE = 5000
# How many people the current event has for each person of a further event.
PART = 100
NOT_A_DEMO = (
    "This forum has events or people that the demo does not have, or it has no event on its front page, so nobody is"
    " invented in it. Try it with an empty database: FORUM_INSTANCE names another folder."
)
IN_PRODUCTION = (
    "FORUM_ENV is production here, and nobody is invented in a forum that may become a real one. Try it with"
    " FORUM_ENV=development and an instance folder of its own."
)


@click.command("seed")
@click.option(
    "--people",
    type=click.IntRange(1, 1_000_000),
    default=100_000,
    show_default=True,
    help="How many register for the current event.",
)
@click.option(
    "--events",
    "number",
    type=click.IntRange(1, 50),
    default=10,
    show_default=True,
    help=f"How many events there are; each of the others gets one person for {PART} of the current one.",
)
@with_appcontext
def seed(people: int, number: int) -> None:
    """Fill the demo with invented people, to try lists, exports and acts on many at a large forum's size.

    An empty database gets the demo first. A database with anybody's real address is refused, and so is production.
    """
    if current_app.config["PRODUCTION"]:
        raise click.ClickException(IN_PRODUCTION)
    for slug, added in zip(_prepare(number), (people, *[max(1, people // PART)] * (number - 1)), strict=True):
        _fill(slug, added)
        click.echo(f"{slug}: {added:,} people")
    settle()


def _prepare(number: int) -> list[str]:
    """Load the demo into an empty database and add events until there are `number`; return the slugs of all of them."""
    now = clock.now()
    start_write(db.session)
    erasing_again.plant_if_empty(now=now)
    load_demo(now=now)
    try:
        touring.refuse_real()
        made = [event.slug for event in touring.find_all(number, now=now)]
    except touring.NotADemo:
        db.session.rollback()
        raise click.ClickException(NOT_A_DEMO) from None
    db.session.commit()
    return made


def _fill(slug: str, people: int) -> None:
    """Add invented people to an event, some thousand per transaction, which also mends the counters of places."""
    for added in _parts(people):
        start_write(db.session)
        now, event = clock.now(), events.find_event(slug)
        if event is None:
            raise click.ClickException(NOT_A_DEMO)
        crowd.Crowd(event, now).add(added)
        crowd.make_room(event)
        audit.record("event.seeded", event, actor="command", at=now, people=added)
        db.session.commit()


def _parts(people: int) -> Iterator[int]:
    for first in range(0, people, AT_ONCE):
        yield min(AT_ONCE, people - first)


def settle() -> None:
    """Sum up counts, index people for searching and, on PostgreSQL, refresh statistics now instead of minutes later."""
    now = clock.now()
    start_write(db.session)
    state_counts.add_up(now=now)
    db.session.commit()
    start_write(db.session)
    due = text_index.list_due(now=now)
    for first in due:
        start_write(db.session)
        text_index.add(first, now=now)
        db.session.commit()
    db.session.remove()
    if db.engine.dialect.name == "postgresql":
        with db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(text("VACUUM ANALYZE registrations, people_counts, answers, consents"))
