"""The menu of a row in the attendee list: links to the pages of acts that fit the person and the reader's roles.

The items are made once for a page of the list, by status: building URLs for each row would take longer than the row.
"""

from collections.abc import Callable, Collection
from datetime import datetime
from typing import Any

from flask import url_for
from flask_babel import lazy_gettext as _l
from markupsafe import Markup

from forum.accounts.access import may_open
from forum.events.models import Event
from forum.registration import reinstating
from forum.registration.enums import LIVE, Status
from forum.registration.filtering import Filters
from forum.registration.models import Registration
from forum.web.routes import kept_url

RESEND, UNDO, DECIDE = "attendees.resend", "attendee_undoing.reinstate", "review.show"
ANY = None  # stands for every status, also one that only a newer version of the forum knows
# Each act of the menu: its page, its name, and the statuses in which it makes sense. The acts in WHILE_OPEN are not
# offered once the event is over, and those in TO_COME are not offered for a cancelled event.
ACTS: tuple[tuple[str, Any, Collection[Status] | None], ...] = (
    ("attendees.show", _l("Open the page"), ANY),
    (DECIDE, _l("Decide"), LIVE),
    (UNDO, _l("Undo the cancellation"), (Status.CANCELLED,)),
    ("attendee_changes.change", _l("Change the details"), LIVE),
    ("attendee_notes.tags", _l("Change the tags"), ANY),
    ("attendee_notes.index", _l("Add or remove notes"), ANY),
    ("waiting_list.offer", _l("Offer a place by hand"), (Status.WAITING,)),
    ("waiting_list.extend", _l("Extend the offer"), (Status.OFFERED,)),
    ("waiting_list.withdraw", _l("Withdraw the offer"), (Status.OFFERED,)),
    ("attendee_moves.sector", _l("Move to another sector"), LIVE),
    (RESEND, _l("Send the message again"), LIVE),
    ("attendees.cancel", _l("Cancel the registration"), LIVE),
)
TO_COME = {RESEND, UNDO, DECIDE, "waiting_list.offer", "waiting_list.extend", "attendee_moves.sector"}
WHILE_OPEN = {*TO_COME, "waiting_list.withdraw"}
# What stands for the person's reference in the menu's items, and in a URL while it is built; no URL contains either.
SOMEBODY, REFERENCE = "\x00", "0000-0000"
ITEM = Markup('<li><a href="%s">%s</a></li>')

Menu = Callable[[Registration], str]


def make(event: Event, filters: Filters, *, is_over: bool, now: datetime) -> Menu | None:
    """Return a function that gives the items of a person's menu as HTML; None for readers who can only look."""
    ended = WHILE_OPEN if is_over else TO_COME if event.cancelled_at else ()
    acts = [act for act in ACTS if may_open(act[0], event) and act[0] not in ended]
    if len(acts) <= 1:
        return None
    _page, mark, query = url_for("attendees.index", event=event.slug, **filters.query()).partition("?")
    items = [
        (endpoint, ITEM % (_url(event, endpoint) + mark + query, label), statuses)
        for endpoint, label, statuses in acts
    ]
    menus: dict[tuple[object, ...], str] = {}

    def menu_of(person: Registration) -> str:
        # Whether the acts that depend on more than the status are possible for this person.
        possible = {
            RESEND: person.has_address,
            DECIDE: person.is_in_review,
            UNDO: reinstating.is_in_time(person, now),
        }
        status = person.status
        if (key := (status, *possible.values())) not in menus:
            menus[key] = "".join(
                item
                for endpoint, item, statuses in items
                if (statuses is ANY or status in statuses) and possible.get(endpoint, True)
            )
        return Markup(menus[key].replace(SOMEBODY, person.reference))  # noqa: S704 - made of `ITEM`

    return menu_of


def _url(event: Event, endpoint: str) -> str:
    """Return the URL of a person's page with SOMEBODY in place of the reference."""
    before, _mark, after = kept_url(endpoint, event=event.slug, reference=REFERENCE).rpartition(REFERENCE)
    return before + SOMEBODY + after
