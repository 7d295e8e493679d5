"""Declining an offered place: the person leaves the line, and the place is offered to the next at once."""

from datetime import datetime

from forum.audit import actions as audit
from forum.extensions import db
from forum.registration import answers, ending, links, mails, offers, places, waiting_list
from forum.registration.enums import OfferEnd, Status
from forum.registration.errors import NothingOffered
from forum.registration.models import Registration


def decline(registration: Registration, *, now: datetime) -> None:
    """End the registration of a person who declines the offered place. Raises NothingOffered.

    The links of the registration no longer work (S20). An expired offer can be declined until the worker has ended it.
    """
    places.lock(registration.event)
    db.session.refresh(registration)
    if registration.status != Status.OFFERED:
        raise NothingOffered
    places.release(registration)
    registration.move_to(Status.CANCELLED, now=now)
    offers.end(registration, OfferEnd.DECLINED, now=now)
    registration.ended_at = now
    links.revoke(registration, keeps_feed=True, now=now)
    answers.forget(registration)
    ending.take_back_mails([registration])
    mails.queue_offer_declined(registration, now=now)
    audit.record("registration.offer_declined", registration, actor="person", at=now)
    waiting_list.offer_free_places(registration.event, now=now)
