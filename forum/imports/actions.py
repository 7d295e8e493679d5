"""Carrying out an import in one transaction, and undoing all of it.

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
from forum.imports.models import AttendeeImport, ImportedPerson
from forum.outbox.enums import Lane
from forum.outbox.models import OutboxMessage
from forum.questions.models import Question
from forum.registration import by_hand, ending, given, places, saved_views, waiting_list
from forum.registration.enums import Status
from forum.registration.errors import AddressTaken, SectorFull
from forum.registration.models import Registration

IMPORTED, UNDONE = "import.made", "import.undone"


@dataclass(frozen=True)
class Terms:
    """How people are imported: whether links are sent, whether people may wait, and the name of the table's source.

    `questions` are those of the event whose answers the table may have (`answers.list_asked`). `headings` is the digest
    of the table's headings, and `columns` says which column has which value; `form_key` is the key of the form that was
    sent.
    """

    reason: str
    sends_links: bool
    may_wait: bool
    headings: str
    columns: Mapping[str, int]
    form_key: str
    questions: Sequence[Question] = ()


def carry_out(
    event: Event, people: list[Person], terms: Terms, *, user_id: int, now: datetime
) -> AttendeeImport:
    """Register these people. Call this with the event locked, for people whom `checking.check` has just accepted.

    Raises EventOver, OutcomeChanged; the caller then rolls back.
    """
    if events.is_over(event, now):
        raise EventOver
    actor = f"user:{user_id}"
    made = AttendeeImport(
        event_id=event.id,
        user_id=user_id,
        made_at=now,
        people=len(people),
        sends_links=terms.sends_links,
        headings=terms.headings,
        columns=dict(terms.columns),
        form_key=terms.form_key,
    )
    db.session.add(made)
    db.session.flush()
    for person in people:
        added = _add(event, person, terms, actor=actor, now=now)
        row = {"registration_id": added.id, "import_id": made.id, "row_number": person.row}
        db.session.add(ImportedPerson(**row, imported_at=now))
    if terms.sends_links:
        _yield_to_others(made)
    audit.record(IMPORTED, event, actor=actor, at=now, count=len(people), number=made.id)
    return made


def undo(made: AttendeeImport, event: Event, *, actor: str, now: datetime) -> int:
    """Delete all registrations of an import, unless something has happened to one of them since; return their number.

    Places become free and are offered to those who wait. Call this with the event locked. Raises UndoneAlready,
    HasActed.
    """
    db.session.refresh(made)
    if made.undone_at:
        raise UndoneAlready
    if acted := queries.count_acted(made):
        raise HasActed(acted)
    people = queries.list_people(made)
    numbers = [registration.id for registration in people]
    saved_views.forget_naming(people)
    # The database refuses a row whose status and place do not fit, so write nothing until both are set.
    with db.session.no_autoflush:
        for registration in people:
            places.release(registration)
            registration.move_to(Status.EXPIRED, now=now)
    db.session.flush()
    ending.part_from_unconfirmed(numbers, now=now)
    mine = select(ImportedPerson.registration_id).where(ImportedPerson.import_id == made.id)
    db.session.execute(
        delete(Registration).where(Registration.id.in_(mine)),
        execution_options={"synchronize_session": False},
    )
    db.session.expire_all()
    made.undone_at = now
    audit.record(UNDONE, event, actor=actor, at=now, count=len(numbers), number=made.id)
    waiting_list.offer_free_places(event, now=now)
    return len(numbers)


def _add(event: Event, person: Person, terms: Terms, *, actor: str, now: datetime) -> Registration:
    try:
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
    except (AddressTaken, SectorFull) as refusal:
        raise OutcomeChanged from refusal
    if person.given:
        given.store_first(added, given.Answered(terms.questions, person.given), now=now)
    return added


def _yield_to_others(made: AttendeeImport) -> None:
    """Give the mails of an import the lowest priority, so that mails for which somebody waits leave first."""
    db.session.flush()
    mine = select(ImportedPerson.registration_id).where(ImportedPerson.import_id == made.id)
    theirs = update(OutboxMessage).where(OutboxMessage.registration_id.in_(mine)).values(lane=Lane.BULK)
    db.session.execute(theirs, execution_options={"synchronize_session": False})
