"""Personal links: 256 random bits, one purpose, one registration, stored as a digest (S18–S20)."""

from datetime import datetime, timedelta

from flask import current_app
from sqlalchemy import update

from forum.columns import digest, new_token
from forum.extensions import db
from forum.registration import queries
from forum.registration.enums import TokenPurpose
from forum.registration.errors import LinkRefused
from forum.registration.models import Registration, RegistrationToken, Submission

MANAGE_DAYS_AFTER_EVENT = 30


def issue_address(
    registration: Registration,
    purpose: TokenPurpose,
    *,
    now: datetime,
    submission: Submission | None = None,
    is_dead: bool = False,
) -> str:
    """Make a personal link; return its address, under BASE_URL whatever host the request was sent to (S39).

    `submission` is the form whose answers a confirming link carries; a dead link leads nowhere.
    """
    token = issue(registration, purpose, now=now, submission=submission, is_dead=is_dead)
    path = f"confirm/{token}" if purpose == TokenPurpose.CONFIRM else token
    return f"{current_app.config['BASE_URL']}/{registration.language}/r/{path}"


def issue(
    registration: Registration,
    purpose: TokenPurpose,
    *,
    now: datetime,
    submission: Submission | None = None,
    is_dead: bool = False,
) -> str:
    """Make a link's token and return it; only its digest is kept.

    A confirming link holds until `confirm_by`, a managing one until 30 days after the event. `submission` is the form
    whose answers a confirming link carries. A dead link leads nowhere from the start: its mail is withheld.
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
            submission=submission,
            purpose=purpose,
            created_at=now,
            expires_at=ends[purpose],
            revoked_at=now if is_dead else None,
        )
    )
    return token


def follow(token: str, purpose: TokenPurpose, *, now: datetime) -> Registration:
    """Return the registration behind a link's token. Raises LinkRefused."""
    return follow_digest(digest(token), purpose, now=now)


def find_submission(token: str, *, now: datetime) -> Submission | None:
    """Return the form whose answers a confirming link carries, if it carries any. Raises LinkRefused."""
    return _find(digest(token), TokenPurpose.CONFIRM, now).submission


def follow_digest(token_digest: str, purpose: TokenPurpose, *, now: datetime) -> Registration:
    """Return the registration behind a link whose digest a browser's session holds. Raises LinkRefused."""
    return _find(token_digest, purpose, now).registration


def ends_older(token: str, *, now: datetime) -> bool:
    """Whether opening this personal link would end earlier ones (S20). Raises LinkRefused."""
    return bool(queries.older_tokens(_find(digest(token), TokenPurpose.MANAGE, now)))


def end_older(token: str, *, now: datetime) -> None:
    """End the personal links that were issued before this one, now that its owner opens it. Raises LinkRefused.

    Asking for a link ends nothing: a stranger could ask. Call while the event is locked.
    """
    for older in queries.older_tokens(_find(digest(token), TokenPurpose.MANAGE, now)):
        older.revoked_at = now


def lengthen_confirming(registration: Registration) -> None:
    """Let the confirming links lead on until the registration's new `confirm_by`."""
    mine = (
        RegistrationToken.registration_id == registration.id,
        RegistrationToken.purpose == TokenPurpose.CONFIRM,
        RegistrationToken.revoked_at.is_(None),
    )
    db.session.execute(update(RegistrationToken).where(*mine).values(expires_at=registration.confirm_by))


def revoke(registration: Registration, *, now: datetime) -> None:
    """Make every link of the registration lead nowhere from now on.

    In one statement: the worker may be deleting one of them just now, and a row that was read would be missed.
    """
    mine = (RegistrationToken.registration_id == registration.id) & RegistrationToken.revoked_at.is_(None)
    db.session.execute(update(RegistrationToken).where(mine).values(revoked_at=now))


def _find(token_digest: str, purpose: TokenPurpose, now: datetime) -> RegistrationToken:
    link = queries.find_token(token_digest)
    if link is None or link.purpose != purpose or link.revoked_at is not None or link.expires_at <= now:
        raise LinkRefused
    return link
