"""The list of all events with their state and open tasks, for admins of all events."""

from collections.abc import Iterator
from dataclasses import dataclass

from flask import Blueprint, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import ngettext

from forum import clock
from forum.console.states import STATES
from forum.console.waits import Waits, read_waits
from forum.events import queries as events
from forum.events.models import Event
from forum.outbox.queries import Scope

bp = Blueprint("all_events", __name__, url_prefix="/console")


@dataclass(frozen=True)
class Row:
    """A row of the list of events: the event's state in words, and its open tasks as numbers and links (label, URL)."""

    event: Event
    state: str
    waits: Waits
    tasks: tuple[tuple[str, str], ...]


@bp.route("/events")
def index() -> ResponseReturnValue:
    """Show each event with its places and open tasks; events that are over are listed apart."""
    now, listed = clock.now(), events.list_events()
    waits = read_waits([(event, Scope(event.id)) for event in listed])
    rows = [
        Row(
            event,
            str(STATES[events.registration_state(event, now)]),
            waits[event.id],
            tuple(_tasks(event, waits[event.id])),
        )
        for event in listed
    ]
    over = [row for row in rows if events.is_over(row.event, now)]
    ahead = [row for row in rows if row not in over]
    return render_template("console/all_events.html", ahead=ahead[::-1], over=over)


def _tasks(event: Event, waits: Waits) -> Iterator[tuple[str, str]]:
    if waits.undecided:
        label = ngettext("%(num)s to review", "%(num)s to review", waits.undecided)
        yield label, url_for("review.index", event=event.slug)
    if waits.open_requests:
        label = ngettext("%(num)s request", "%(num)s requests", waits.open_requests)
        yield label, url_for("erasure_requests.index", event=event.slug)
    if waits.failed:
        label = ngettext("%(num)s message failed", "%(num)s messages failed", waits.failed)
        yield label, url_for("outbox.index", event=event.slug, status="failed")
