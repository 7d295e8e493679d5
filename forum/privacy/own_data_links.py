"""The link that opens the page of all of a person's data for ten minutes (P11, S21, S23)."""

from datetime import datetime

from forum.audit import actions as audit
from forum.columns import digest
from forum.extensions import db
from forum.privacy import mails
from forum.registration import links, places
from forum.registration.enums import Status, TokenPurpose
from forum.registration.errors import NotLive
from forum.registration.models import Registration


def send(registration: Registration, *, now: datetime) -> None:
    """Queue the mail with the link to all data, which works for ten minutes. Raises NotLive for an unconfirmed address.

    The mail goes to the confirmed address, so a personal link that somebody else has got hold of does not reveal sealed
    answers (S23). People who were declined or have lost their place get the mail, too (Art. 15 GDPR). Earlier links to
    all data end. Call after `start_write`.
    """
    places.lock(registration.event)
    db.session.refresh(registration)
    if registration.status == Status.PENDING:
        raise NotLive
    links.end(registration, TokenPurpose.OWN_DATA, now=now)
    mails.queue_own_data(registration, now=now)
    audit.record("registration.own_data_asked", registration, actor="person", at=now)


def open_link(token: str, *, now: datetime) -> str:
    """Use up the link to a person's data; return the digest of a token that opens the page. Raises LinkRefused.

    The page stays open for ten minutes. If the button is pressed twice only the first press works: the link is looked
    up again once the event is locked.
    """
    places.lock(links.follow(token, TokenPurpose.OWN_DATA, now=now).event)
    registration = links.follow(token, TokenPurpose.OWN_DATA, now=now)
    links.end(registration, TokenPurpose.OWN_DATA, now=now)
    audit.record("registration.own_data_opened", registration, actor="person", at=now)
    return digest(links.issue(registration, TokenPurpose.OWN_DATA_PAGE, now=now))
