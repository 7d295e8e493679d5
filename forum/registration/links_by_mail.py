"""Sending a personal link to an address for which one is requested.

Another package may add links that belong to the address (`install`). One message has all links, because a mailbox gets
only a few messages.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask import current_app
from flask.sansio.app import App

from forum.audit import traces
from forum.audit.queries import LINK_ASKED
from forum.columns import Text
from forum.database import rehearsed
from forum.events.models import Event
from forum.extensions import db
from forum.registration import mails, names, places, queries
from forum.registration.enums import Status
from forum.registration.models import Registration
from forum.registration.senders import MayMail, always

BESIDE = "what an address opens beside a registration"


@dataclass(frozen=True)
class Beside:
    """Links for an address to something other than a registration, such as a delegation.

    Each is a tuple: the name of a sector, the link, and, for a link that confirms something, the time at which somebody
    entered what the link confirms. `queue` makes a mail with these links alone, and stores it if its argument is true.
    """

    links: Sequence[tuple[Text, str, datetime | None]]
    queue: Callable[[bool], None]


# A function that returns the links of an address to something other than a registration. Its arguments: event, address,
# whether the mail is withheld, now.
Finding = Callable[[Event, str, bool, datetime], Beside]


def install(app: App, rule: Finding) -> None:
    """Register `rule`, which reads links beside registrations', with equally many SQL statements each time (S24)."""
    app.extensions[BESIDE] = rule


def send_fresh_link(event: Event, email: str, *, may_mail: MayMail = always, now: datetime) -> None:
    """Queue a fresh link if the address is registered; the page does not reveal whether it is registered (S20, S24).

    `may_mail` counts the message and returns whether it may be sent, also for an address that is not registered. For
    such an address the mail of another registration is queued and undone. The event is locked first, so that a
    registration that is being cancelled gets no link. Call after `start_write`.
    """
    places.lock(event)
    registration = queries.find_live(event, names.canonical_email(email))
    stand_in = queries.find_first_live(event)
    withheld = not may_mail(email)
    find: Finding | None = current_app.extensions.get(BESIDE)
    beside = find(event, email, withheld, now) if find else None
    with rehearsed(db.session, when=registration is None):
        if someone := registration or stand_in:
            _queue_link(someone, now, withheld=withheld, beside=beside.links if beside else ())
    if beside:
        beside.queue(registration is None)
    traces.record_form(LINK_ASKED, registration or event, at=now)


def _queue_link(registration: Registration, now: datetime, **more: Any) -> None:
    # Look up the form of every registration, even where it is not needed, so that the work does not reveal the
    # status.
    last_form = queries.find_last_form(registration)
    if registration.status == Status.PENDING:
        mails.queue_link_to_confirm(registration, last_form, now=now, **more)
    else:
        mails.queue_link(registration, now=now, **more)
