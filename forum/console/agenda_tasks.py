"""A task of the overview, and the tasks that come with time: ending offers, work without progress, old backups."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from flask import url_for
from flask_babel import gettext as _
from flask_babel import ngettext
from sqlalchemy import select

from forum.accounts import sign_ins
from forum.console.sector_words import idle_text
from forum.events import queries as events
from forum.events.days import end_of_day
from forum.events.models import Event
from forum.extensions import db
from forum.health import backups
from forum.imports import kept_tables
from forum.imports import queries as imports
from forum.outbox import transport
from forum.outbox.wording import no_server_text
from forum.registration import kept_exports, line_queries, untold
from forum.tasks import queries as tasks
from forum.web.languages import moment_text

ALARM = "!"  # pages show this sign instead of a number for a problem that has no number
STANDS_STILL = timedelta(minutes=15)


@dataclass(frozen=True)
class Task:
    """A task of the organisers: a number, what is counted, details, and the URL where it is done ("" for none)."""

    number: int | str
    title: str
    detail: str
    url: str = ""
    is_trouble: bool = False


def list_missing_server(event: Event, now: datetime) -> Iterator[Task]:
    """Yield a task while a published event's messages reach nobody; other events have it in their checklist."""
    if event.is_published and not events.is_over(event, now) and not transport.has_server():
        url = url_for("outbox.index", event=event.slug)
        yield Task(ALARM, _("Mail server"), no_server_text(), url, is_trouble=True)


def list_idle_places(event: Event, now: datetime) -> Iterator[Task]:
    """Yield a task for places of a published event that stay empty because the ceilings let fewer people in."""
    if not event.is_published or events.is_off(event, now) or not event.idle:
        return
    yield Task(
        event.idle,
        ngettext(
            "place that no ceiling lets anybody take", "places that no ceiling lets anybody take", event.idle
        ),
        idle_text(event),
        url_for("settings.sectors", event=event.slug),
    )


def list_ending_offers(event: Event, now: datetime) -> Iterator[Task]:
    """Yield a task for offers of places that end before midnight at the venue; it leads to the waiting list."""
    number, first = line_queries.find_ending(event, now, end_of_day(event, now))
    if first is not None:
        yield Task(
            number,
            ngettext("open offer ends today", "open offers end today", number),
            _(
                "The first one ends on %(moment)s. An offer can be extended, or the person reminded by telephone.",
                moment=moment_text(first, event.zone),
            ),
            f"{url_for('waiting_list.index', event=event.slug)}#open-offers",
        )


def list_standing_work(event: Event, now: datetime) -> Iterator[Task]:
    """Yield tasks for changes of many people, imports and the user's own exports on which the worker does not go on.

    Before them comes a task for people who have to be told that they got a place.
    """
    changes, importing, exports, untold_people = _count_standing(event, now - STANDS_STILL)
    if untold_people and not events.is_off(event, now):
        yield _tell(event, untold_people)
    told = _(
        "Nothing of it is lost: it goes on by itself once the program that works in the background runs again."
        " Whoever runs the server should see that it is started. If it is running already, its log says what went"
        " wrong."
    )
    if changes:
        title = ngettext(
            "change of many people has stood still for 15 minutes",
            "changes of many people have stood still for 15 minutes",
            changes,
        )
        yield Task(changes, title, told, url_for("bulk.index", event=event.slug), is_trouble=True)
    if importing:
        title = ngettext(
            "import of people that is being made or undone has stood still for 15 minutes",
            "imports of people that are being made or undone have stood still for 15 minutes",
            importing,
        )
        yield Task(importing, title, told, url_for("imports.index", event=event.slug), is_trouble=True)
    if exports:
        title = ngettext(
            "export of yours has waited for 15 minutes",
            "exports of yours have waited for 15 minutes",
            exports,
        )
        yield Task(exports, title, told, url_for("kept_exports.index", event=event.slug), is_trouble=True)


def _tell(event: Event, number: int) -> Task:
    """Return the task to tell people without an address that they got a place, which leads to the waiting list."""
    title = ngettext(
        "person got a place and has no address: tell them",
        "people got a place and have no address: tell them",
        number,
    )
    told = _("A note on the person’s page says that it is done.")
    return Task(number, title, told, f"{url_for('waiting_list.index', event=event.slug)}#untold")


def _count_standing(event: Event, since: datetime) -> tuple[int, int, int, int]:
    """Return how many changes, imports and exports of the user the worker has not gone on with since a moment.

    The last number is how many people got a place and have to be told: one statement counts all.
    """
    sign_in = sign_ins.load()
    user_id = sign_in.user_id if sign_in else 0
    columns = (
        tasks.standing(event, since),
        kept_tables.standing(event, user_id, since),
        imports.standing_undoings(event, since),
        kept_exports.standing(event, user_id, since),
        untold.number_of(event),
    )
    changes, tables, undoings, exports, people = db.session.execute(select(*columns)).one()
    return changes, tables + undoings, exports, people


def list_old_backup(event: Event, now: datetime) -> Iterator[Task]:
    """Yield a task when the last backup is too old, or missing where one should have been made.

    The task leads to the page /status, which reports the missing backup: no page of the console makes a backup.
    """
    last = backups.find_last(now)
    if last.is_well:
        return
    told = _("Whoever runs the server should see that forum backup is run every night.")
    if last.made is None:
        title = (
            _("No backup has been made")
            if last.is_readable
            else _("It is not known how old the last backup is")
        )
        yield Task(ALARM, title, told, url_for("health.status"), is_trouble=True)
        return
    days = (now - last.made).days
    made = _("The last one was made on %(moment)s.", moment=moment_text(last.made, event.zone))
    title = ngettext("day since the last backup", "days since the last backup", days)
    yield Task(days, title, f"{made} {told}", url_for("health.status"), is_trouble=True)
