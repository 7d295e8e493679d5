"""Reading registrations that wait for a decision; `sectors` are ids of sectors that the organiser sees, None: all."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, ScalarSelect, Select, and_, func, or_, select
from sqlalchemy.orm import joinedload

from forum.accounts import reviewers
from forum.accounts.models import Membership, User
from forum.events.models import Event
from forum.extensions import db
from forum.registration.enums import APPROVED, Status
from forum.registration.models import IS_REVIEWED, IS_WAITING, Registration
from forum.registration.queries import find_by_reference
from forum.registration.searching import read_reference
from forum.review.models import ProposedRefusal, Recusal
from forum.web.pagination import Cursor, Order, Page, count_before, read_page

SHOWN = 100
Sectors = Collection[int] | None
# Since when a person waits for a decision: since registering, if an earlier release began the review without a time.
SINCE = func.coalesce(Registration.review_since, Registration.requested_at)
IS_IN_REVIEW = or_(
    Registration.status == Status.IN_REVIEW, and_(IS_REVIEWED, Registration.status.in_(APPROVED))
)
ORDER = Order((SINCE.label("since"), Registration.id))


@dataclass(frozen=True)
class Beside:
    """The person before or after whom a page of the queue begins."""

    since: datetime
    id: int


def waits(event_id: Any, sectors: Sectors) -> tuple[ColumnElement[int], ColumnElement[int]]:
    """Return, as columns of a statement, how many people wait for a place, and how many for a decision."""
    waiting = select(Registration.id).where(Registration.event_id == event_id, IS_WAITING)
    first, changed = map(_number, _parts(event_id, sectors))
    return _number(waiting), first + changed


def count_undecided(event: Event, sectors: Sectors) -> int:
    """Return how many registrations wait for a decision, changes after an approval included."""
    _in_line, undecided = waits(event.id, sectors)
    return db.session.scalar(select(undecided)) or 0


def list_undecided(event: Event, sectors: Sectors, *, limit: int = SHOWN) -> Sequence[Registration]:
    """Return the registrations that wait for a decision, those that wait longest first."""
    query = _undecided(event, sectors).order_by(SINCE, Registration.id)
    return db.session.scalars(query.limit(limit).options(joinedload(Registration.sector))).all()


def read_undecided(event: Event, sectors: Sectors, cursor: Cursor | None) -> tuple[Page[Registration], int]:
    """Return a page of people who wait for a decision, the longest first, and how many come before its first person.

    A page begins before or after a person, named by reference. That person still marks a position in the queue
    after a decision, by the time of asking. But for a reviewer of some sectors, a person who is not in review in these
    sectors marks no position: the position would reveal when the person asked.
    """
    query = _undecided(event, sectors).options(joinedload(Registration.sector))
    beside = find_person(event, read_reference(cursor.key), sectors) if cursor else None
    backwards = cursor is not None and cursor.backwards
    at = Beside(beside.review_since or beside.requested_at, beside.id) if beside else None
    page = read_page(db.session, query, ORDER, size=SHOWN, beside=at, backwards=backwards)
    if not page.has_previous:
        return page, 0
    first = page.rows[0]
    here = Beside(first.review_since or first.requested_at, first.id)
    return page, count_before(db.session, query, ORDER, here)


def count_late(event: Event, sectors: Sectors, now: datetime) -> int:
    """Return how many registrations still wait for a decision after the promised day."""
    late = Registration.answer_by <= now
    return sum(
        db.session.execute(select(*(_number(part.where(late)) for part in _parts(event.id, sectors)))).one()
    )


def find_person(
    event: Event, reference: str, sectors: Sectors, or_else: ColumnElement[bool] | None = None
) -> Registration | None:
    """Return the event's registration with this reference; for a reviewer only one in review in their sectors.

    `or_else` is a condition under which a reviewer also gets a person of their sectors who is not in review. None is
    returned for an unknown reference as for a person whom the reviewer may not see, after the same SQL statements.
    """
    if sectors is None:
        return find_by_reference(event, reference)
    states = or_(IS_IN_REVIEW, or_else) if or_else is not None else IS_IN_REVIEW
    here = Registration.event_id == event.id, Registration.reference == reference
    query = select(Registration).where(*here, Registration.sector_id.in_(sectors), states)
    return db.session.scalars(query).one_or_none()


def find_next(event: Event, sectors: Sectors, user_id: int) -> Registration | None:
    """Return the person who has waited longest for a decision of this organiser; None if nobody waits for one.

    Decisions that the organiser has left to others, and refusals that somebody else has to confirm, are passed over.
    """
    left = select(Recusal.registration_id).where(Recusal.user_id == user_id)
    proposed = select(ProposedRefusal.registration_id).where(ProposedRefusal.proposed_by == user_id)
    mine = Registration.id.not_in(left), Registration.id.not_in(proposed)
    query = _undecided(event, sectors).where(*mine).order_by(SINCE, Registration.id)
    return db.session.scalars(query.limit(1)).first()


def is_in(registration: Registration, sectors: Sectors) -> bool:
    """Return whether the registration is in one of these sectors; None stands for every sector."""
    return sectors is None or registration.sector_id in sectors


def list_by_references(event: Event, references: Collection[str], sectors: Sectors) -> Sequence[Registration]:
    """Return the event's registrations with these references that wait for a decision, by time of request."""
    query = select(Registration).where(
        Registration.event_id == event.id, Registration.reference.in_(references)
    )
    ordered = query.order_by(Registration.requested_at, Registration.id)
    return [one for one in db.session.scalars(ordered) if one.is_in_review and is_in(one, sectors)]


def find_proposals(registrations: Collection[Registration]) -> dict[int, ProposedRefusal]:
    """Return the proposed refusals of these registrations, with their proposers, by registration id."""
    ids = [registration.id for registration in registrations]
    query = select(ProposedRefusal).where(ProposedRefusal.registration_id.in_(ids))
    proposals = db.session.scalars(query.options(joinedload(ProposedRefusal.proposer))) if ids else ()
    return {proposal.registration_id: proposal for proposal in proposals}


def find_recused(registrations: Collection[Registration], user_id: int) -> set[int]:
    """Return the ids of those registrations about which this organiser leaves the decision to others."""
    ids = [registration.id for registration in registrations]
    mine = Recusal.user_id == user_id, Recusal.registration_id.in_(ids)
    return set(db.session.scalars(select(Recusal.registration_id).where(*mine))) if ids else set()


def count_other_reviewers(registration: Registration, user_id: int) -> int:
    """Return how many other organisers of the event could decide about this registration.

    The organiser who has proposed a refusal does not count, because they cannot confirm it.
    """
    able_here = reviewers.reviews(registration.event_id, registration.sector_id)
    recused = select(Recusal.user_id).where(Recusal.registration_id == registration.id)
    proposer = select(ProposedRefusal.proposed_by).where(
        ProposedRefusal.registration_id == registration.id, ProposedRefusal.proposed_by.is_not(None)
    )
    others = User.id != user_id, User.id.not_in(recused), User.id.not_in(proposer)
    able = (
        select(func.count(User.id.distinct()))
        .join(Membership, Membership.user_id == User.id)
        .where(able_here, User.active, *others)
    )
    return db.session.scalar(able) or 0


def _undecided(event: Event, sectors: Sectors) -> Select[Registration]:
    first, changed = _parts(event.id, sectors)
    return select(Registration).where(Registration.id.in_(first.union_all(changed)))


def _number(part: Select) -> ScalarSelect:
    return select(func.count()).select_from(part.subquery()).scalar_subquery()


def _parts(event_id: Any, sectors: Sectors) -> tuple[Select, Select]:
    """Select the ids of registrations in their first review, and of those with a change in review, each by an index."""
    mine = select(Registration.id).where(Registration.event_id == event_id)
    if sectors is not None:
        mine = mine.where(Registration.sector_id.in_(sectors))
    return (
        mine.where(Registration.status == Status.IN_REVIEW),
        mine.where(IS_REVIEWED, Registration.status.in_(APPROVED)),
    )
