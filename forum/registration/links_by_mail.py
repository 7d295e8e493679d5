"""Sending a personal link to an address that asks for it."""

from datetime import datetime

from forum.audit import actions as audit
from forum.events.models import Event
from forum.extensions import db
from forum.registration import mails, names, queries
from forum.registration.enums import Status
from forum.registration.models import Registration


def send_fresh_link(event: Event, email: str, *, now: datetime) -> None:
    """Queue a fresh link if the address is registered; say nothing either way (S20, S24).

    For an address that is not, the mail of another registration is made and undone, so that nobody can tell by
    the clock. Call after `start_write`.
    """
    registration = queries.find_live(event, names.canonical_email(email))
    stand_in = queries.find_first_live(event)
    with db.session.begin_nested() as attempt:
        if someone := registration or stand_in:
            _queue_link(someone, now)
        db.session.flush()
        if registration is None:
            attempt.rollback()
    audit.record("registration.link_asked", registration or event, actor="visitor", at=now)


def _queue_link(registration: Registration, now: datetime) -> None:
    if registration.status == Status.PENDING:
        mails.queue_already_registered(registration, now=now)
    else:
        mails.queue_link(registration, now=now)
