"""A person's own calendar feed: a secret address that calendar programs read, so that they follow changes (M14).

The feed is the calendar file of the personal page and contains no name and no sector. Everybody who knows the address
can read the feed, so the person can end it by pressing one button. After a cancellation the feed still works and says
that the entry is cancelled: if the feed ended, old entries would stay in the calendar.
"""

from datetime import datetime

from flask import current_app
from sqlalchemy import select

from forum.audit import actions as audit
from forum.events import calendar
from forum.extensions import db
from forum.registration import links, places
from forum.registration.enums import TokenPurpose
from forum.registration.errors import LinkRefused
from forum.registration.models import Registration, RegistrationToken


def make(registration: Registration, *, now: datetime) -> str:
    """Make the address of the person's feed and return it; an earlier feed ends. Only the token's digest is stored."""
    places.lock(registration.event)
    links.end(registration, TokenPurpose.CALENDAR, now=now)
    token = links.issue(registration, TokenPurpose.CALENDAR, now=now)
    audit.record("registration.feed_made", registration, actor="person", at=now)
    return f"{current_app.config['BASE_URL']}/{registration.language}/r/calendar/{token}/forum.ics"


def end(registration: Registration, *, now: datetime) -> None:
    """End the person's feed, if there is one."""
    places.lock(registration.event)
    if made_at(registration, now) is not None:
        links.end(registration, TokenPurpose.CALENDAR, now=now)
        audit.record("registration.feed_ended", registration, actor="person", at=now)


def made_at(registration: Registration, now: datetime) -> datetime | None:
    """Return when the person's feed was made; None if the person has no feed."""
    mine = (
        RegistrationToken.registration_id == registration.id,
        RegistrationToken.purpose == TokenPurpose.CALENDAR,
        RegistrationToken.revoked_at.is_(None),
        RegistrationToken.expires_at > now,
    )
    return db.session.scalar(select(RegistrationToken.created_at).where(*mine))


def follow(token: str, *, now: datetime) -> Registration:
    """Return the registration of a feed. Raises LinkRefused, also once personal links of the event have ended.

    The end of these links is computed from the event's present days: the event may have been moved since the feed was
    made.
    """
    registration = links.follow(token, TokenPurpose.CALENDAR, now=now)
    if now >= links.managing_ends(registration.event):
        raise LinkRefused
    return registration


def content(registration: Registration, *, is_feed: bool = False) -> bytes:
    """Return the calendar file that says whether the person has a place, waits or has no place any more."""
    return calendar.personal_calendar(
        registration.event,
        registration.language,
        status=registration.calendar_status,
        sequence=registration.calendar_sequence,
        changed_at=registration.calendar_changed_at or registration.requested_at,
        is_feed=is_feed,
    )
