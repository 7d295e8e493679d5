"""Reading imports, and whether anything has happened with the imported people since."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, ScalarSelect, case, exists, func, select

from forum.accounts.models import User
from forum.audit.models import AuditEntry
from forum.audit.queries import VIEWS
from forum.events.models import Event
from forum.extensions import db
from forum.imports.models import AttendeeImport, ImportedPerson
from forum.people.models import AddressChange, RegistrationNote
from forum.registration import names
from forum.registration.enums import LIVE, Status
from forum.registration.models import Registration

SHOWN = 200  # the most imports that the list shows


@dataclass(frozen=True)
class Listed:
    """An import, its organiser, and where its table came from: "" once the notes that say so are deleted.

    `left` is 0, or for an import that is or was undone in parts how many of its people are still registered.
    """

    made: AttendeeImport
    by: str
    source: str
    left: int


def list_newest(event: Event) -> list[Listed]:
    """Return the event's newest imports, the newest first."""
    # An import adds the same note about the table's source to each of its people, without an author and at the time
    # when they were imported. So the note of any one of them says where the table came from.
    source = (
        select(RegistrationNote.text)
        .join(ImportedPerson, ImportedPerson.registration_id == RegistrationNote.registration_id)
        .where(ImportedPerson.import_id == AttendeeImport.id)
        .where(RegistrationNote.made_at == ImportedPerson.imported_at, RegistrationNote.author_id.is_(None))
        .order_by(ImportedPerson.registration_id)
        .limit(1)
        .scalar_subquery()
    )
    left = select(func.count()).where(ImportedPerson.import_id == AttendeeImport.id).scalar_subquery()
    in_parts = case((AttendeeImport.undo_asked_at.is_not(None), left), else_=0)
    query = (
        select(AttendeeImport, User.name, source, in_parts)
        .outerjoin(User, User.id == AttendeeImport.user_id)
        .where(AttendeeImport.event_id == event.id)
        .order_by(AttendeeImport.id.desc())
        .limit(SHOWN)
    )
    rows = db.session.execute(query)
    return [Listed(made, name or "", text or "", number) for made, name, text, number in rows]


def find(event: Event, number: int) -> AttendeeImport | None:
    """Return the event's import with this id; None for an import of another event (S13)."""
    made = db.session.get(AttendeeImport, number)
    return made if made and made.event_id == event.id else None


def find_sent(form_key: str) -> AttendeeImport | None:
    """Return the import that the form with this key has made already; None for a form that is new (R03)."""
    return db.session.scalars(select(AttendeeImport).where(AttendeeImport.form_key == form_key)).first()


def find_columns(event: Event, headings: str) -> dict[str, int] | None:
    """Return the index of each value's column in the event's last table with these headings; None for new headings."""
    mine = AttendeeImport.event_id == event.id, AttendeeImport.headings == headings
    query = select(AttendeeImport.columns).where(*mine).order_by(AttendeeImport.id.desc()).limit(1)
    return db.session.scalars(query).first()


def list_taken_addresses(event: Event, now: datetime) -> dict[str, str]:
    """Return the references of live registrations by canonical address.

    The address of a person whom organisers have added counts before it is confirmed; an address that somebody has only
    sent in a form does not (`registration/unconfirmed`).
    """
    live = Registration.event_id == event.id, Registration.status.in_(LIVE)
    confirmed = select(Registration.email_canonical, Registration.reference).where(
        *live, Registration.status != Status.PENDING, Registration.email != ""
    )
    asked = (
        select(AddressChange.email, Registration.reference)
        .join(Registration, Registration.id == AddressChange.registration_id)
        .where(*live, Registration.email == "", AddressChange.expires_at > now)
    )
    awaited = {names.canonical_email(email): reference for email, reference in db.session.execute(asked)}
    return awaited | {row.email_canonical: row.reference for row in db.session.execute(confirmed)}


def list_taken_since(made: AttendeeImport, emails: Collection[str], now: datetime) -> dict[str, str]:
    """Return the references of live registrations that have one of these canonical addresses.

    Addresses that await confirmation count only if they were entered after the import began, and not by the import
    itself.
    """
    live = Registration.event_id == made.event_id, Registration.status.in_(LIVE)
    # Compare the statuses in Python: with a condition on them SQLite would not use the index of addresses.
    by_address = select(Registration.email_canonical, Registration.reference, Registration.status).where(
        Registration.event_id == made.event_id, Registration.email_canonical.in_(emails)
    )
    confirmed = {
        row.email_canonical: row.reference
        for row in db.session.execute(by_address)
        if row.status in LIVE and row.status != Status.PENDING
    }
    of_import = exists().where(
        ImportedPerson.registration_id == AddressChange.registration_id, ImportedPerson.import_id == made.id
    )
    # A scalar subquery makes SQLite begin with the few addresses that await confirmation, not with all registrations.
    without_address = select(Registration.reference).where(
        Registration.id == AddressChange.registration_id, *live, Registration.email == ""
    )
    asked = select(AddressChange.email, without_address.scalar_subquery().label("reference")).where(
        AddressChange.expires_at > now, AddressChange.asked_at >= made.made_at, ~of_import
    )
    awaited = {
        names.canonical_email(row.email): row.reference for row in db.session.execute(asked) if row.reference
    }
    return awaited | confirmed


def list_live_references(event: Event) -> set[str]:
    """Return the references of the event's live registrations."""
    live = Registration.event_id == event.id, Registration.status.in_(LIVE)
    return set(db.session.scalars(select(Registration.reference).where(*live)))


def list_people(made: AttendeeImport) -> Sequence[Registration]:
    """Return the registrations of an import that have not been deleted, in the order of the table's rows."""
    query = select(Registration).join(ImportedPerson, ImportedPerson.registration_id == Registration.id)
    mine = query.where(ImportedPerson.import_id == made.id).order_by(ImportedPerson.row_number)
    return db.session.scalars(mine).all()


def list_untouched(made: AttendeeImport, most: int) -> Sequence[Registration]:
    """Return at most `most` registrations of an import that nobody has acted on since, people who wait first."""
    query = select(Registration).join(ImportedPerson, ImportedPerson.registration_id == Registration.id)
    mine = query.where(ImportedPerson.import_id == made.id, ~_has_acted())
    waits = case((Registration.status == Status.WAITING, 0), else_=1)
    return db.session.scalars(mine.order_by(waits, ImportedPerson.row_number.desc()).limit(most)).all()


def find_last_moment(made: AttendeeImport) -> datetime | None:
    """Return when the last people of an import were imported; None if there are none."""
    newest = select(ImportedPerson.imported_at).where(ImportedPerson.import_id == made.id)
    return db.session.scalar(newest.order_by(ImportedPerson.registration_id.desc()).limit(1))


def count_left(made: AttendeeImport) -> int:
    """Return how many registrations of an import have not been deleted."""
    return db.session.scalar(select(func.count()).where(ImportedPerson.import_id == made.id)) or 0


def count_acted(made: AttendeeImport) -> int:
    """Return with how many people of an import something has happened since: an act, a change, a decision.

    Looking at a person does not count, nor does anything that the worker does by itself.
    """
    acted = select(func.count()).where(ImportedPerson.import_id == made.id, _has_acted())
    return made.people - count_left(made) + (db.session.scalar(acted) or 0)


def standing_undoings(event: Event, since: datetime) -> ScalarSelect[int]:
    """Return, as a column of a statement, how many imports were to be undone at `since` or before, and still are.

    Undoing the longest table takes some minutes.
    """
    asked = AttendeeImport.event_id == event.id, AttendeeImport.undo_asked_at <= since
    query = select(func.count(AttendeeImport.id)).where(*asked, AttendeeImport.undone_at.is_(None))
    return query.scalar_subquery()


def _has_acted() -> ColumnElement[bool]:
    """Return the condition that something has happened with a person of an import since they were imported."""
    theirs = (
        AuditEntry.subject_type == Registration.__tablename__,
        AuditEntry.subject_id == ImportedPerson.registration_id,
    )
    later = AuditEntry.at > ImportedPerson.imported_at, AuditEntry.action.not_in(VIEWS)
    return exists().where(*theirs, *later, AuditEntry.actor != "worker")
