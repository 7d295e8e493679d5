"""Sending a personal link to an address that asks for it."""

from datetime import datetime

from forum.events.models import Event
from forum.registration import mails, names, queries
from forum.registration.enums import Status


def send_fresh_link(event: Event, email: str, *, now: datetime) -> None:
    """Queue a fresh link if the address is registered; say nothing either way (S20, S24)."""
    registration = queries.find_live(event, names.canonical_email(email))
    if registration is None:
        return
    if registration.status == Status.PENDING:
        mails.queue_already_registered(registration, now=now)
    else:
        mails.queue_link(registration, now=now)
