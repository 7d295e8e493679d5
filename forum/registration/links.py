"""Personal links: 256 random bits, one purpose, one registration, stored as a digest (S18–S20)."""

import re
from collections.abc import Sequence
from datetime import datetime, timedelta

from flask import current_app
from sqlalchemy import delete, func, select, update

from forum.columns import digest, new_token
from forum.events.enums import RegistrationState, SectorPolicy
from forum.events.models import Event
from forum.events.queries import LinkedEvent, front_path, registration_state
from forum.extensions import db
from forum.people.models import AddressChange
from forum.registration import deadlines, queries
from forum.registration.enums import TokenPurpose
from forum.registration.errors import LinkRefused
from forum.registration.models import Registration, RegistrationToken, Submission

MANAGE_DAYS_AFTER_EVENT = 30
# The token of a calendar feed is kept this much longer than other personal links, so that the feed still works if the
# event is moved to a later day. Until when the feed works, `calendar_feeds` computes from the event's present days.
FEED_OUTLIVES_PLANS = timedelta(days=2 * 365)
# How many minutes a link to all of a person's data works, and how many the page behind the link stays open.
OWN_DATA_MINUTES = 10
# Matches, in a mail's text or HTML, the end of the URL of a managing link: its token stands directly behind "/r/".
MANAGING = re.compile(r"/r/[A-Za-z0-9_-]{43}(?![A-Za-z0-9_/-])")
PATHS = {TokenPurpose.CONFIRM: "confirm/", TokenPurpose.OWN_DATA: "everything/"}


def issue_address(
    registration: Registration,
    purpose: TokenPurpose,
    *,
    now: datetime,
    submission: Submission | None = None,
    is_dead: bool = False,
    language: str = "",
) -> str:
    """Make a personal link; return its URL, under BASE_URL whatever the request's Host is (S39).

    `submission` is the form whose answers a confirming link carries. A dead link, for a mail that is withheld, never
    works. The page behind the link is in the registration's language unless another is given.
    """
    token = issue(registration, purpose, now=now, submission=submission, is_dead=is_dead)
    path = PATHS.get(purpose, "")
    return f"{current_app.config['BASE_URL']}/{language or registration.language}/r/{path}{token}"


def new_address_address(registration: Registration, token: str) -> str:
    """Return the URL of the link that confirms a new e-mail address."""
    return f"{current_app.config['BASE_URL']}/{registration.language}/r/address/{token}"


def issue(
    registration: Registration,
    purpose: TokenPurpose,
    *,
    now: datetime,
    submission: Submission | None = None,
    is_dead: bool = False,
) -> str:
    """Make the token of a link and return it; only its digest is stored.

    A confirming link is valid until `deadlines.confirming_ends`; a managing link until 30 days after the event; a link
    to all of the person's data, and the page that it opens, for ten minutes; the token of a calendar feed for two more
    years than a managing link, though `calendar_feeds` may refuse it earlier.
    `submission` is the form whose answers a confirming link carries. A dead link, of a withheld mail, never works.
    """
    token, own_data_ends = new_token(), now + timedelta(minutes=OWN_DATA_MINUTES)
    ends = {
        TokenPurpose.CONFIRM: deadlines.confirming_ends(registration, now),
        TokenPurpose.MANAGE: managing_ends(registration.event),
        TokenPurpose.OWN_DATA: own_data_ends,
        TokenPurpose.OWN_DATA_PAGE: own_data_ends,
        TokenPurpose.CALENDAR: managing_ends(registration.event) + FEED_OUTLIVES_PLANS,
    }
    db.session.add(
        RegistrationToken(
            digest=digest(token),
            registration_id=registration.id,
            submission=submission,
            purpose=purpose,
            created_at=now,
            expires_at=ends[purpose],
            revoked_at=now if is_dead else None,
        )
    )
    return token


def managing_ends(event: Event | LinkedEvent) -> datetime:
    """Return the moment until which a personal link works, unless it is ended earlier."""
    return event.ends_at + timedelta(days=MANAGE_DAYS_AFTER_EVENT)


def can_return(registration: Registration, now: datetime) -> bool:
    """Return whether the person could register again: registration is open, and the sector takes people uninvited."""
    sector = registration.sector
    is_open = registration_state(registration.event, now) == RegistrationState.OPEN
    return is_open and sector.policy != SectorPolicy.INVITATION and sector.ceiling > 0


def registering_address(registration: Registration, *, now: datetime) -> str | None:
    """Return the address of the page that begins a registration; None while the person cannot register again."""
    if not can_return(registration, now):
        return None
    return f"{current_app.config['BASE_URL']}{front_path(registration.event, registration.language)}register"


def follow(token: str, purpose: TokenPurpose, *, now: datetime) -> Registration:
    """Return the registration to which the token of a link for this purpose belongs. Raises LinkRefused."""
    return follow_digest(digest(token), purpose, now=now)


def find_submission(token: str, *, now: datetime) -> Submission | None:
    """Return the form whose answers the link with this token confirms; None without a form. Raises LinkRefused."""
    return find(digest(token), TokenPurpose.CONFIRM, now).submission


def follow_digest(token_digest: str, purpose: TokenPurpose, *, now: datetime) -> Registration:
    """Return a link's registration by the digest of its token, from the browser's session. Raises LinkRefused."""
    return find(token_digest, purpose, now).registration


def ends_older(token: str, *, now: datetime) -> bool:
    """Return whether opening this personal link would end earlier personal links (S20). Raises LinkRefused."""
    return bool(queries.older_tokens(find(digest(token), TokenPurpose.MANAGE, now)))


def end_older(token: str, *, now: datetime) -> None:
    """End the personal links that were made before the link with this token, which is opened. Raises LinkRefused.

    Requesting a link ends no other link, because a stranger could request one. Call this with the event locked.
    """
    for older in queries.older_tokens(find(digest(token), TokenPurpose.MANAGE, now)):
        older.revoked_at = now


def find_end(token: str, *, now: datetime) -> datetime:
    """Return until when a confirming link works. Raises LinkRefused."""
    return find(digest(token), TokenPurpose.CONFIRM, now).expires_at


def find_confirming_ends(registrations: Sequence[Registration], now: datetime) -> dict[int, datetime]:
    """Return, by registration id, when its last confirming link ends; one without a valid link is left out."""
    ends = select(RegistrationToken.registration_id, func.max(RegistrationToken.expires_at)).where(
        RegistrationToken.registration_id.in_([registration.id for registration in registrations]),
        RegistrationToken.purpose == TokenPurpose.CONFIRM,
        RegistrationToken.revoked_at.is_(None),
        RegistrationToken.expires_at > now,
    )
    if not registrations:
        return {}
    return dict(db.session.execute(ends.group_by(RegistrationToken.registration_id)).all())


def lengthen_confirming(registration: Registration) -> None:
    """Extend confirming links to the registration's new `confirm_by`; links that work longer stay as they are."""
    mine = (
        RegistrationToken.registration_id == registration.id,
        RegistrationToken.purpose == TokenPurpose.CONFIRM,
        RegistrationToken.revoked_at.is_(None),
        RegistrationToken.expires_at < registration.confirm_by,
    )
    db.session.execute(update(RegistrationToken).where(*mine).values(expires_at=registration.confirm_by))


def end(registration: Registration, purpose: TokenPurpose, *, now: datetime) -> None:
    """End the registration's links of one purpose."""
    mine = (
        RegistrationToken.registration_id == registration.id,
        RegistrationToken.purpose == purpose,
        RegistrationToken.revoked_at.is_(None),
    )
    db.session.execute(update(RegistrationToken).where(*mine).values(revoked_at=now))


def end_without_form(registration: Registration, *, now: datetime) -> None:
    """End the registration's confirming links that carry no form, such as a delegation's to a wrong address."""
    mine = (
        RegistrationToken.registration_id == registration.id,
        RegistrationToken.submission_key.is_(None),
        RegistrationToken.revoked_at.is_(None),
    )
    db.session.execute(update(RegistrationToken).where(*mine).values(revoked_at=now))


def revoke(
    registration: Registration, *, keeps_feed: bool = False, keeps_entered: bool = False, now: datetime
) -> None:
    """Revoke every link of the registration, that to a new e-mail address included.

    With `keeps_feed` the calendar feed still works, and says that the registration is cancelled. With `keeps_entered`
    an address that was entered and not confirmed stays stored: its link works again if the registration is restored
    before the link ends, and not while the registration is cancelled. This is one statement, because the worker may be
    deleting one of the links, and updating a row that was read before would fail.
    """
    mine = (RegistrationToken.registration_id == registration.id) & RegistrationToken.revoked_at.is_(None)
    if keeps_feed:
        mine &= RegistrationToken.purpose != TokenPurpose.CALENDAR
    db.session.execute(update(RegistrationToken).where(mine).values(revoked_at=now))
    if not keeps_entered:
        db.session.execute(delete(AddressChange).where(AddressChange.registration_id == registration.id))


def find(token_digest: str, purpose: TokenPurpose, now: datetime) -> RegistrationToken:
    """Return the link whose token has this digest. Raises LinkRefused if it does not work."""
    link = queries.find_token(token_digest)
    if link is None or link.purpose != purpose or link.revoked_at is not None or link.expires_at <= now:
        raise LinkRefused
    return link
