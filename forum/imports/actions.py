"""Carrying out an import in one transaction, and undoing it; a large import is undone in parts (`undo_some`).

Everybody is registered by the rules by which organisers add people by hand (`registration/by_hand`).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, select, update

from forum.audit import actions as audit
from forum.events import queries as events
from forum.events.models import Event
from forum.extensions import db
from forum.imports import queries
from forum.imports.checking import Person
from forum.imports.errors import EventOver, HasActed, OutcomeChanged, UndoneAlready
from forum.imports.headings import digest_of
from forum.imports.models import AttendeeImport, ImportedPerson
from forum.imports.rows import columns_of
from forum.outbox.enums import Lane
from forum.outbox.models import OutboxMessage
from forum.questions.models import Question
from forum.registration import by_hand, ending, given, places, views_naming, waiting_list
from forum.registration.enums import Status
from forum.registration.errors import AddressTaken, SectorFull
from forum.registration.models import Registration

IMPORTED, UNDO_ASKED, UNDONE = "import.made", "import.undo_asked", "import.undone"
# Action: the worker has registered people of a long table, at the time and for the organiser that this entry names.
PART_IMPORTED = "import.part_made"
# Values of choices in an import's form: mail people a link to confirm their address; let people wait for a place.
SEND, WAIT = "send", "wait"
UNDONE_AT_ONCE = 100  # how many people of a large import one transaction removes


@dataclass(frozen=True)
class Terms:
    """How people are imported: whether links are sent, whether people may wait; `reason` says where the table is from.

    `questions` are the event's own questions that the table may answer (`answers.list_asked`). `headings` is the digest
    of the table's headings, `columns` the index of each value's column, and `form_key` the key of the sent form.
    """

    reason: str
    sends_links: bool
    may_wait: bool
    headings: str
    columns: Mapping[str, int]
    form_key: str
    questions: Sequence[Question] = ()

    @classmethod
    def of(
        cls, chosen: Mapping[str, str], headings: Sequence[str], form_key: str, questions: Sequence[Question]
    ) -> "Terms":
        """Return the terms of importing a table with these headings; `chosen` has the form's values by field."""
        return cls(
            reason=chosen["reason"],
            sends_links=chosen["links"] == SEND,
            may_wait=chosen["if_full"] == WAIT,
            headings=digest_of(headings),
            columns=columns_of(chosen, questions),
            form_key=form_key,
            questions=questions,
        )


def carry_out(
    event: Event, people: list[Person], terms: Terms, *, user_id: int, now: datetime
) -> AttendeeImport:
    """Register the people of an import, whom `checking.check` has just accepted. Call this with the event locked.

    Raises EventOver, OutcomeChanged; the caller then rolls back.
    """
    if events.is_off(event, now):
        raise EventOver
    actor = f"user:{user_id}"
    made = begin(event, terms, user_id=user_id, now=now)
    try:
        added = [(add(event, person, terms, actor=actor, now=now), person.row) for person in people]
    except (AddressTaken, SectorFull) as refusal:
        raise OutcomeChanged from refusal
    note_imported(made, added, now=now)
    audit.record(IMPORTED, event, actor=actor, at=now, count=len(people), number=made.id)
    return made


def begin(event: Event, terms: Terms, *, user_id: int, now: datetime) -> AttendeeImport:
    """Store an import that has no people yet."""
    made = AttendeeImport(
        event_id=event.id,
        user_id=user_id,
        made_at=now,
        people=0,
        sends_links=terms.sends_links,
        headings=terms.headings,
        columns=dict(terms.columns),
        form_key=terms.form_key,
    )
    db.session.add(made)
    db.session.flush()
    return made


def add(event: Event, person: Person, terms: Terms, *, actor: str, now: datetime) -> Registration:
    """Register one person of an import. Raises RegistrationClosed, AddressTaken, SectorFull."""
    added = by_hand.add(
        event,
        person.sector,
        person.details,
        email=person.email if terms.sends_links else "",
        reason=terms.reason,
        may_wait=terms.may_wait,
        actor=actor,
        now=now,
    )
    if person.given:
        given.store_first(added, given.Answered(terms.questions, person.given), now=now)
    return added


def note_imported(made: AttendeeImport, added: Sequence[tuple[Registration, int]], *, now: datetime) -> None:
    """Store that these registrations came from an import, each with the number of its row."""
    db.session.flush()
    for registration, row in added:
        of_import = {"registration_id": registration.id, "import_id": made.id, "row_number": row}
        db.session.add(ImportedPerson(**of_import, imported_at=now))
    made.people += len(added)
    if made.sends_links:
        _yield_to_others([registration.id for registration, _row in added])


def undo(made: AttendeeImport, event: Event, *, actor: str, now: datetime) -> int:
    """Delete all registrations of an import; return their number. Refused if somebody has acted on one of them since.

    The places become free and are offered to people who wait. Call this with the event locked. Raises UndoneAlready,
    HasActed.
    """
    _refuse_undoing(made)
    number = _remove(queries.list_people(made), now)
    _end_undoing(made, event, number, actor=actor, now=now)
    return number


def ask_undo(made: AttendeeImport, event: Event, *, actor: str, now: datetime) -> None:
    """Let the worker undo a large import in parts, and stop it if it still runs. Call this with the event locked.

    A person with whom something happens before the worker reaches them stays registered. Raises UndoneAlready,
    HasActed.
    """
    _refuse_undoing(made)
    made.undo_asked_at = now
    audit.record(UNDO_ASKED, event, actor=actor, at=now, count=made.people, number=made.id)


def list_undoing(*, now: datetime) -> Sequence[int]:
    """Return the ids of the large imports that the worker is undoing."""
    asked = AttendeeImport.undo_asked_at.is_not(None), AttendeeImport.undone_at.is_(None)
    return db.session.scalars(select(AttendeeImport.id).where(*asked).order_by(AttendeeImport.id)).all()


def undo_some(number: int, *, now: datetime) -> int:
    """Delete the next registrations of an import that is being undone; return how many were deleted.

    If none is left, mark the import as undone. People who wait are deleted first, so that none of them is offered a
    place that becomes free.
    """
    made = db.session.get(AttendeeImport, number)
    if made is None:
        return 0
    event = made.event
    places.lock(event)
    db.session.refresh(made)
    if made.undone_at or not made.undo_asked_at:
        return 0
    if people := queries.list_untouched(made, UNDONE_AT_ONCE):
        return _remove(people, now)
    _end_undoing(made, event, made.people - queries.count_left(made), actor="worker", now=now)
    return 0


def _refuse_undoing(made: AttendeeImport) -> None:
    db.session.refresh(made)
    if made.undone_at or made.undo_asked_at:
        raise UndoneAlready
    if acted := queries.count_acted(made):
        raise HasActed(acted)


def _remove(people: Sequence[Registration], now: datetime) -> int:
    """Delete registrations of an import, and free their places; return how many."""
    numbers = [registration.id for registration in people]
    views_naming.forget_naming(people, now=now)
    # The database refuses a confirmed registration without a place: write nothing until place and status have changed.
    with db.session.no_autoflush:
        for registration in people:
            places.release(registration)
            registration.move_to(Status.EXPIRED, now=now)
    db.session.flush()
    ending.part_from_unconfirmed(numbers, now=now)
    for start in range(0, len(numbers), UNDONE_AT_ONCE):
        theirs = Registration.id.in_(numbers[start : start + UNDONE_AT_ONCE])
        db.session.execute(
            delete(Registration).where(theirs), execution_options={"synchronize_session": False}
        )
    db.session.expire_all()
    return len(numbers)


def _end_undoing(made: AttendeeImport, event: Event, number: int, *, actor: str, now: datetime) -> None:
    made.undone_at = now
    audit.record(UNDONE, event, actor=actor, at=now, count=number, number=made.id)
    waiting_list.offer_free_places(event, now=now)


def _yield_to_others(ids: Sequence[int]) -> None:
    """Give mails to people just imported the lowest priority: mails for which somebody waits shall leave first."""
    db.session.flush()
    theirs = update(OutboxMessage).where(OutboxMessage.registration_id.in_(ids)).values(lane=Lane.BULK)
    db.session.execute(theirs, execution_options={"synchronize_session": False})
