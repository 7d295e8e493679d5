"""Sending a personal link to an address for which one is requested."""

from datetime import datetime

from forum.audit import actions as audit
from forum.database import rehearsed
from forum.events.models import Event
from forum.extensions import db
from forum.registration import mails, names, places, queries
from forum.registration.enums import Status
from forum.registration.models import Registration
from forum.registration.senders import MayMail, always


def send_fresh_link(event: Event, email: str, *, may_mail: MayMail = always, now: datetime) -> None:
    """Queue a fresh link if the address is registered; the answer does not reveal whether it is (S20, S24).

    `may_mail` counts the message and returns whether it may be sent, also for an address that is not registered. For
    such an address the mail of another registration is queued and undone. The event is locked first, so that a
    registration that is being cancelled gets no link. Call after `start_write`.
    """
    places.lock(event)
    registration = queries.find_live(event, names.canonical_email(email))
    stand_in = queries.find_first_live(event)
    withheld = not may_mail(email)
    with rehearsed(db.session, when=registration is None):
        if someone := registration or stand_in:
            _queue_link(someone, now, withheld=withheld)
    audit.record("registration.link_asked", registration or event, actor="visitor", at=now)


def _queue_link(registration: Registration, now: datetime, *, withheld: bool) -> None:
    # Look up the form of every registration, even where it is not needed, so that the work does not reveal the
    # status.
    last_form = queries.find_last_form(registration)
    if registration.status == Status.PENDING:
        mails.queue_link_to_confirm(registration, last_form, withheld=withheld, now=now)
    else:
        mails.queue_link(registration, withheld=withheld, now=now)
