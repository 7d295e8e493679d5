"""Reading the audit trail."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, func, select

from forum.audit.models import AuditDetails, AuditEntry
from forum.extensions import db

SIGN_IN_REFUSED, CODE_REFUSED = "account.sign_in_refused", "account.code_refused"
PASSKEY_REFUSED = "account.passkey_refused"
TRIES_LIMITED = "account.tries_limited"
SIGNED_IN = "account.signed_in"
ROLE_GIVEN, ROLE_TAKEN = "account.role_given", "account.role_taken"
REGISTRATION_VIEWED, WAITING_LIST_VIEWED = "registration.viewed", "waiting_list.viewed"
FILE_DOWNLOADED = "registration.file_downloaded"
CARE_ANSWERS_VIEWED = "care_answers.viewed"
INVITATIONS_VIEWED, ORGANISATIONS_VIEWED = "invitations.viewed", "organisations.viewed"
DELEGATIONS_VIEWED = "delegations.viewed"
# Actions: an organiser has exported a list, or has downloaded one that the worker has made.
REGISTRATIONS_EXPORTED, EXPORT_FETCHED = "registrations.exported", "registrations.export_fetched"
REGISTRATIONS_SEARCHED = "registrations.searched"
# Action: an organiser has seen people of the attendee list or at the reception.
ATTENDEES_VIEWED = "attendees.viewed"
# Actions: a handler has opened the form that asks why an identity is looked up, or has looked it up.
IDENTITY_ASKED, IDENTITY_REVEALED = "identity.asked", "identity.revealed"
LOG_VIEWED, LOG_EXPORTED = "log.viewed", "log.exported"
FORMS_BRAKED, DOMAIN_LIMITED = "registrations.braked", "registrations.domain_limited"
NETWORK_LIMITED = "registrations.network_limited"
REGISTRATION_APPROVED, REGISTRATION_MOVED = "registration.approved", "registration.moved"
# Actions: somebody who was admitted, or a substitute for such a person, is reviewed and keeps place or rank meanwhile.
REVIEW_REOPENED, SUBSTITUTE_IN_REVIEW = "registration.review_reopened", "registration.substitute_in_review"
REGISTRATION_RECEIVED, SECTOR_MERGED = "registration.received", "sector.merged"
# Actions: somebody has sent the registration form again for a registered address, or has asked for a new personal link.
ASKED_AGAIN, LINK_ASKED = "registration.asked_again", "registration.link_asked"
DELEGATION_ASKED, DELEGATION_ASKED_AGAIN = "delegation.asked", "delegation.asked_again"
DETAILS_ERASED = "audit.details_erased"
NEWEST = select(AuditEntry.id, AuditEntry.hash).order_by(AuditEntry.id.desc()).limit(1)


UNTOLD = (REGISTRATION_VIEWED, FILE_DOWNLOADED, IDENTITY_ASKED, IDENTITY_REVEALED)
# Views of one person, or of answers about food and access: a page is shown only if its view can be recorded (S43).
ALWAYS_RECORDED = (*UNTOLD, CARE_ANSWERS_VIEWED)
LISTS_VIEWED = (
    *(WAITING_LIST_VIEWED, CARE_ANSWERS_VIEWED, INVITATIONS_VIEWED, ORGANISATIONS_VIEWED),
    *(DELEGATIONS_VIEWED, ATTENDEES_VIEWED, REGISTRATIONS_SEARCHED, LOG_VIEWED),
)
VIEWS = (*UNTOLD, *LISTS_VIEWED)
EXPORTS = (REGISTRATIONS_EXPORTED, EXPORT_FETCHED, LOG_EXPORTED)
REFUSALS = (SIGN_IN_REFUSED, CODE_REFUSED, PASSKEY_REFUSED, TRIES_LIMITED)
# Actions for which a single entry may stand for several occurrences (see `traces`); the log says how many.
COUNTED = (*VIEWS, *REFUSALS, ASKED_AGAIN, LINK_ASKED, DELEGATION_ASKED, DELEGATION_ASKED_AGAIN)
BRAKES = (FORMS_BRAKED, DOMAIN_LIMITED, NETWORK_LIMITED)


@dataclass(frozen=True)
class Brake:
    """Registration forms that a rate limit has delayed: the limit, at least how many forms, and the latest time."""

    action: str
    times: int
    last_at: datetime


def find_all(subject: Any) -> Sequence[AuditEntry]:
    """Return the entries about `subject`, oldest first."""
    return db.session.scalars(select(AuditEntry).where(of_own_time(subject)).order_by(AuditEntry.id)).all()


def find_history(subject: Any) -> Sequence[AuditEntry]:
    """Return the entries about what happened to `subject`, oldest first, without entries about views of it.

    Entries about reveals are left out, too: that an identity was revealed tells that it is protected (P21).
    """
    return [entry for entry in find_all(subject) if entry.action not in UNTOLD]


def find_views(subject: Any) -> Sequence[AuditEntry]:
    """Return the entries about who has viewed or revealed `subject`, oldest first; not every view has an entry."""
    return [entry for entry in find_all(subject) if entry.action in UNTOLD]


def has_form(action: str, subjects: Collection[Any], form: str) -> bool:
    """Return whether an entry of `action` about one of these rows was recorded for the form with this key (R03)."""
    kinds, ids = {one.__tablename__ for one in subjects}, [one.id for one in subjects]
    about = AuditEntry.subject_type.in_(kinds) & AuditEntry.subject_id.in_(ids)
    return db.session.scalars(of_form(action, form).where(about).limit(1)).first() is not None


def of_form(action: str, form: str) -> Select:
    """Return the query for ids of rows about which an entry of `action` was recorded for the form with this key."""
    sent = AuditDetails.payload["form"].as_string() == form
    return select(AuditEntry.subject_id).join(AuditDetails).where(AuditEntry.action == action, sent)


def find_of_lists(event: Any, condition: ColumnElement[bool]) -> Sequence[AuditEntry]:
    """Return entries about the event itself, such as views of its lists, that fulfil a condition, oldest first."""
    query = select(AuditEntry).where(of_itself(event), condition)
    return db.session.scalars(query.order_by(AuditEntry.id)).all()


def find_merge(event: Any, sector: str, since: datetime) -> datetime | None:
    """Return when the event's sector with this key was first merged into another one since the time; None for never."""
    is_it = AuditEntry.details.has(AuditDetails.payload["merged"].as_string() == sector)
    query = select(AuditEntry.at).where(
        AuditEntry.event_id == event.id, AuditEntry.action == SECTOR_MERGED, AuditEntry.at >= since, is_it
    )
    return db.session.scalars(query.order_by(AuditEntry.id).limit(1)).first()


def of_itself(subject: Any) -> ColumnElement[bool]:
    """Return the SQL condition for entries whose subject is this row, such as views of an event's lists."""
    return (AuditEntry.subject_type == subject.__tablename__) & (AuditEntry.subject_id == subject.id)


def of_own_time(subject: Any) -> ColumnElement[bool]:
    """Return the SQL condition for entries about a registration, not about an earlier one that had the same id.

    SQLite reused the id of an erased registration, so entries from before this one was received are left out.
    """
    begun = select(func.max(AuditEntry.id)).where(
        of_itself(subject), AuditEntry.action == REGISTRATION_RECEIVED
    )
    return of_itself(subject) & (AuditEntry.id >= func.coalesce(begun.scalar_subquery(), 0))


def find_latest(action: str, subject_type: str, ids: Collection[int]) -> dict[int, datetime]:
    """Return when `action` was last recorded about each row, by the row's id; rows without an entry are left out."""
    about = (AuditEntry.subject_type == subject_type) & AuditEntry.subject_id.in_(ids)
    latest = func.max(AuditEntry.at)
    query = select(AuditEntry.subject_id, latest).where(about, AuditEntry.action == action)
    rows = db.session.execute(query.group_by(AuditEntry.subject_id))
    return {number: at for number, at in rows if number is not None}


def find_last(action: str, subject: Any) -> AuditEntry | None:
    """Return the newest entry of `action` about `subject`; None if the audit trail has no such entry."""
    query = select(AuditEntry).where(of_itself(subject), AuditEntry.action == action)
    return db.session.scalars(query.order_by(AuditEntry.id.desc()).limit(1)).first()


def find_course_of_reviews(registration: Any) -> Sequence[AuditEntry]:
    """Return the entries about approvals, reviews begun again and moves of a registration, oldest first."""
    actions = (REGISTRATION_APPROVED, REGISTRATION_MOVED, REVIEW_REOPENED, SUBSTITUTE_IN_REVIEW)
    query = select(AuditEntry).where(of_own_time(registration), AuditEntry.action.in_(actions))
    return db.session.scalars(query.order_by(AuditEntry.id)).all()


def count_refusals(since: datetime) -> dict[str, int]:
    """Return by action how many attempts to sign in were refused since a moment.

    Not every attempt has an entry (see `traces`), so a count is between half the true number and all of it.
    """
    query = select(AuditEntry).where(AuditEntry.action.in_(REFUSALS), AuditEntry.at >= since)
    counts = dict.fromkeys(REFUSALS, 0)
    for entry in db.session.scalars(query):
        counts[entry.action] += _times(entry)
    return counts


def list_brakes(subject: Any, since: datetime) -> list[Brake]:
    """Return the rate limits that have delayed forms for an event since a moment.

    Not every form has an entry (see `traces`), so `times` is between half the true number and all of it.
    """
    query = select(AuditEntry).where(
        of_itself(subject), AuditEntry.action.in_(BRAKES), AuditEntry.at >= since
    )
    noted = db.session.scalars(query.order_by(AuditEntry.id)).all()
    return [
        Brake(action, sum(_times(entry) for entry in entries), entries[-1].at)
        for action in BRAKES
        if (entries := [entry for entry in noted if entry.action == action])
    ]


def find_newest() -> Row[int, str] | None:
    """Return id and hash of the newest audit entry, or None when there is none."""
    return db.session.execute(NEWEST).first()


def find_oldest() -> AuditEntry | None:
    """Return the oldest entry."""
    return db.session.scalars(select(AuditEntry).order_by(AuditEntry.id).limit(1)).first()


def is_in_chain(number: int, entry_hash: str) -> bool:
    """Return whether there is an entry with this number and this hash."""
    entry = select(AuditEntry.id).where(AuditEntry.id == number, AuditEntry.hash == entry_hash)
    return db.session.scalars(entry).first() is not None


def count_entries() -> int:
    """Return the number of entries."""
    return db.session.scalars(select(func.count()).select_from(AuditEntry)).one()


def list_without_details(limit: int) -> Sequence[int]:
    """Return the numbers of at most `limit` entries whose details are missing without a record of their erasure."""
    erased = select(AuditEntry.subject_id).where(AuditEntry.action == DETAILS_ERASED)
    bare = (
        select(AuditEntry.id)
        .outerjoin(AuditDetails)
        .where(AuditDetails.entry_id.is_(None), AuditEntry.id.not_in(erased))
    )
    return db.session.scalars(bare.order_by(AuditEntry.id).limit(limit)).all()


def is_sqlite() -> bool:
    """Return whether the database is SQLite, and so a file on this machine."""
    return db.session.get_bind().dialect.name == "sqlite"


def _times(entry: AuditEntry) -> int:
    return entry.details.payload["times"] if entry.details else 1
