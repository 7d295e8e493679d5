"""Personal links: 256 random bits, one purpose, one registration, stored as a digest (S18–S20)."""

from datetime import datetime, timedelta

from forum.columns import digest, new_token
from forum.extensions import db
from forum.registration import queries
from forum.registration.enums import TokenPurpose
from forum.registration.errors import LinkRefused
from forum.registration.models import Registration, RegistrationToken

MANAGE_DAYS_AFTER_EVENT = 30


def issue(registration: Registration, purpose: TokenPurpose, *, now: datetime) -> str:
    """Make a link's token and return it; only its digest is kept.

    A confirming link holds until `confirm_by`, a managing one until 30 days after the event.
    """
    token = new_token()
    ends = {
        TokenPurpose.CONFIRM: registration.confirm_by,
        TokenPurpose.MANAGE: registration.event.ends_at + timedelta(days=MANAGE_DAYS_AFTER_EVENT),
    }
    db.session.add(
        RegistrationToken(
            digest=digest(token),
            registration_id=registration.id,
            purpose=purpose,
            created_at=now,
            expires_at=ends[purpose],
        )
    )
    return token


def follow(token: str, purpose: TokenPurpose, *, now: datetime) -> Registration:
    """Return the registration behind a link's token. Raises LinkRefused."""
    return follow_digest(digest(token), purpose, now=now)


def follow_digest(token_digest: str, purpose: TokenPurpose, *, now: datetime) -> Registration:
    """Return the registration behind a link whose digest a browser's session holds. Raises LinkRefused."""
    link = queries.find_token(token_digest)
    if link is None or link.purpose != purpose or link.revoked_at is not None or link.expires_at <= now:
        raise LinkRefused
    return link.registration


def revoke(registration: Registration, *, now: datetime) -> None:
    """Make every link of the registration lead nowhere from now on."""
    for link in queries.live_tokens(registration):
        link.revoked_at = now
