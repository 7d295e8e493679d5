"""The people whom an organiser has chosen in the attendee list, and what an act would do with them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, Select, case, cast, func, literal, or_, select
from werkzeug.datastructures import MultiDict

from forum.events.models import Event
from forum.extensions import db
from forum.people.models import AddressChange, RegistrationTag
from forum.registration import answers, listing, missing_answers, offers_by_hand, places, reviewing
from forum.registration.enums import APPROVED, ENDED, Status
from forum.registration.filtering import Filters
from forum.registration.missing_answers import Missing
from forum.registration.models import Registration
from forum.registration.restrictions import RESTRICTED
from forum.registration.searching import read_reference
from forum.review.models import ProposedRefusal, Recusal
from forum.tasks.enums import Outcome, TaskKind
from forum.web.edits import digest

# For a digest of people, numbers modulo this prime are added up. The prime is below 2 ** 31, so that the sums stay
# far below the largest integer of a database.
PRIME = 2_147_483_647
ALL, CHOSEN = "all", "chosen"
NAMED = 50
# For at most this many people the forum tries, on a copy of the event, whether each of them would get a place.
MOST_TRIED = 500
SINCE = func.coalesce(Registration.waiting_since, Registration.requested_at)
IS_PENDING = Registration.status == Status.PENDING
IN_REVIEW = (Registration.status == Status.IN_REVIEW) | (
    Registration.review_since.is_not(None) & Registration.status.in_(APPROVED)
)


@dataclass(frozen=True)
class Selection:
    """Chosen people: those with these references, or all who match the list's filters when `references` is None."""

    event: Event
    filters: Filters
    references: frozenset[str] | None

    @classmethod
    def of(cls, args: MultiDict[str, str], event: Event, user_id: int) -> "Selection":
        """Read the chosen people from the URL's query: all who match the filters, unless the query lists references.

        A filter can select the people whom the organiser has ticked on several pages of the list. Raises
        UnknownFilter.
        """
        filters, listed = Filters.of(args, event, user_id), args.getlist("who")
        if args.get("whom", CHOSEN if listed else ALL) != CHOSEN:
            return cls(event, filters, None)
        chosen = map(read_reference, listed)
        return cls(event, filters, frozenset(reference for reference in chosen if reference))

    @property
    def is_too_many(self) -> bool:
        """Return whether more people are chosen one by one than one page of the list can hold."""
        return len(self.references or ()) > listing.PAGE_SIZE

    def select(self) -> Select[Any]:
        """Return the query that selects the chosen registrations."""
        if self.references is None:
            return listing.matching(self.event, self.filters)
        mine = Registration.event_id == self.event.id, Registration.reference.in_(self.references)
        return select(Registration).where(*mine)


@dataclass(frozen=True)
class Foreseen:
    """What an act would do: how many people it would change, and how many not, by reason.

    `mark` is a digest of the people and their outcomes: it changes when the act would concern other people or end
    differently. It does not change with the number of free places, which changes all the time. `is_tried` is False
    when `will` counts people for whom nobody has tried whether a place is free, because they are too many.
    """

    will: int
    left: Mapping[Outcome, int]
    mark: str
    is_tried: bool = True

    def without_places(self, fewer: int, *, is_tried: bool = True) -> "Foreseen":
        """Return a copy in which the act leaves `fewer` more people alone, because no place is free for them."""
        left = {**self.left, Outcome.NO_PLACE: fewer} if fewer else self.left
        return replace(self, will=self.will - fewer, left=left, is_tried=is_tried)

    @property
    def people(self) -> int:
        """Return how many people are chosen."""
        return self.will + sum(self.left.values())


def foresee(chosen: Selection, kind: TaskKind, *, user_id: int) -> Foreseen:
    """Return what the act would do with the chosen people, judged by their present states.

    Later the task asks the rules of the single act again for each person.
    """
    outcome = case(*_reasons(chosen.event, kind, user_id), else_=Outcome.DONE.value).label("outcome")
    # An approval judges the answers of a person, so changed answers have to change the digest.
    judged = Registration.version if kind == TaskKind.APPROVE else literal(0)
    return sum_up(chosen.select().with_only_columns(Registration.id, outcome, judged.label("judged")))


def foresee_offers(chosen: Selection, *, user_id: int, now: datetime) -> Foreseen:
    """Return how many of the chosen people would be offered a place now, and how many not, by reason.

    People in sectors without a free place are all counted; for the others it is tried on a copy of the event, unless
    they are too many.
    """
    seen = foresee(chosen, TaskKind.OFFER, user_id=user_id)
    left = places.places_left(chosen.event, now)
    full = Registration.sector_id.in_([sector_id for sector_id, number in left.items() if not number])
    asked = chosen.select().where(~_is_left(chosen.event, TaskKind.OFFER, user_id))
    without = db.session.scalar(asked.where(full).with_only_columns(func.count())) or 0
    first = asked.where(~full).order_by(SINCE, Registration.id).limit(MOST_TRIED + 1)
    people = db.session.scalars(first).all()
    if len(people) > MOST_TRIED:
        return seen.without_places(without, is_tried=False)
    return seen.without_places(without + len(people) - offers_by_hand.count_placed(chosen.event, people, now))


def sum_up(people: Select[int, str, int]) -> Foreseen:
    """Count people by outcome, with a digest of them. `people` selects id, outcome, and a number for the digest."""
    each = people.subquery()
    number = cast(each.c.id, BigInteger)
    # For the digest the database adds up ids, because the database is locked meanwhile: adding up a hundred thousand
    # takes a tenth of the time of reading them. The chance that other people have the same sums is one in billions.
    square = number * number % PRIME
    parts = number, square, square * (each.c.judged + 1)
    sums = [func.sum(part % PRIME) for part in parts]
    groups = select(each.c.outcome, func.count(), *sums).group_by(each.c.outcome).order_by(each.c.outcome)
    rows = [(name, *map(int, figures)) for name, *figures in db.session.execute(groups)]
    numbers = {Outcome(name): people for name, people, *_sums in rows}
    will = numbers.pop(Outcome.DONE, 0)
    return Foreseen(will, numbers, digest({"people": rows}))


def foresee_places(chosen: Selection, *, user_id: int, now: datetime) -> tuple[int, int] | None:
    """Return how many people would get a place if approved now, and how many none; None if they are too many to try.

    People whose change of name or organisation is reviewed keep their place or rank in line, so they are not counted.
    """
    first = chosen.select().where(
        ~_is_left(chosen.event, TaskKind.APPROVE, user_id), Registration.status == Status.IN_REVIEW
    )
    people = db.session.scalars(first.order_by(SINCE, Registration.id).limit(MOST_TRIED + 1)).all()
    if len(people) > MOST_TRIED:
        return None
    placed = len(reviewing.find_placed(chosen.event, people, now))
    return placed, len(people) - placed


def count_proposals(chosen: Selection, *, user_id: int) -> int:
    """Return how many proposed refusals an approval of the chosen people would drop."""
    approved = (
        chosen.select()
        .where(~_is_left(chosen.event, TaskKind.APPROVE, user_id))
        .with_only_columns(Registration.id)
    )
    proposed = select(func.count()).select_from(ProposedRefusal)
    return db.session.scalar(proposed.where(ProposedRefusal.registration_id.in_(approved))) or 0


def count_missing(chosen: Selection, *, user_id: int) -> Mapping[str, Missing]:
    """Return by sector key how many of those who would be moved have not answered what that sector requires."""
    moved = chosen.select().where(~_is_left(chosen.event, TaskKind.MOVE, user_id))
    return missing_answers.count_in_others(chosen.event, moved)


def list_named(chosen: Selection) -> Sequence[Registration]:
    """Return the first of the chosen people, in the order of their names."""
    return db.session.scalars(chosen.select().order_by(*listing.BY_NAME).limit(NAMED)).all()


def list_languages(chosen: Selection) -> Sequence[str]:
    """Return the languages in which the chosen people get mails."""
    return db.session.scalars(chosen.select().with_only_columns(Registration.language).distinct()).all()


def list_tags(chosen: Selection) -> Sequence[str]:
    """Return the tags of the chosen people whose data may be used, in alphabetical order."""
    usable = chosen.select().where(Registration.id.not_in(RESTRICTED)).with_only_columns(Registration.id)
    query = select(RegistrationTag.name).where(RegistrationTag.registration_id.in_(usable)).distinct()
    return db.session.scalars(query.order_by(RegistrationTag.name)).all()


def count_cancelled(chosen: Selection, *, user_id: int) -> tuple[int, int]:
    """Return how many of those who would be cancelled are written to, and how many cannot be brought back.

    A registration that nobody has confirmed cannot: its answers are deleted.
    """
    people = chosen.select().where(~_is_left(chosen.event, TaskKind.CANCEL, user_id))
    numbers = func.count().filter(Registration.email != ""), func.count().filter(IS_PENDING)
    written, gone = db.session.execute(people.with_only_columns(*numbers)).one()
    return written, gone


def in_turn(chosen: Selection, kind: TaskKind | None = None) -> Select[int, int]:
    """Select ids and versions of the chosen registrations, in the order in which they began to wait or were made.

    Whoever waits is cancelled first: a place that becomes free is offered at once, and must not be offered to somebody
    whom the same act is about to cancel.
    """
    both = chosen.select().with_only_columns(Registration.id, Registration.version)
    first = [case((Registration.status == Status.WAITING, 0), else_=1)] if kind == TaskKind.CANCEL else []
    return both.order_by(*first, SINCE, Registration.id)


def _is_left(event: Event, kind: TaskKind, user_id: int) -> ColumnElement[bool]:
    """Return the SQL condition under which an act leaves a person alone; free places are not considered."""
    return or_(*(condition for condition, _outcome in _reasons(event, kind, user_id)))


def _reasons(event: Event, kind: TaskKind, user_id: int) -> list[tuple[ColumnElement[bool], str]]:
    """Return SQL conditions under which an act leaves a person alone, with their outcomes; the first true counts."""
    reasons: list[tuple[ColumnElement[bool], Outcome]] = [
        (Registration.id.in_(RESTRICTED), Outcome.RESTRICTED)
    ]
    if kind not in (TaskKind.TAG, TaskKind.UNTAG):
        reasons.append((Registration.status.in_(ENDED), Outcome.ENDED))
    if kind == TaskKind.OFFER:
        reasons.append((Registration.status != Status.WAITING, Outcome.NOT_WAITING))
        reasons.append((Registration.email == "", Outcome.UNCONFIRMED))
    if kind == TaskKind.RESEND:
        entered = select(AddressChange.registration_id)
        without = (Registration.email == "") & Registration.id.not_in(entered)
        reasons.append((without, Outcome.UNCONFIRMED))
    if kind == TaskKind.MOVE:
        reasons.append((IN_REVIEW, Outcome.SECOND_NEEDED))
        reasons.append((answers.has_several_forms(), Outcome.SEVERAL_FORMS))
    if kind == TaskKind.APPROVE:
        reasons.append((~IN_REVIEW, Outcome.NOT_IN_REVIEW))
    if kind in (TaskKind.APPROVE, TaskKind.CANCEL):
        mine = select(Recusal.registration_id).where(Recusal.user_id == user_id)
        reasons.append((IN_REVIEW & Registration.id.in_(mine), Outcome.RECUSED))
    if kind == TaskKind.CANCEL and event.has_second_reviewer:
        reasons.append((IN_REVIEW, Outcome.SECOND_NEEDED))
    return [(condition, outcome.value) for condition, outcome in reasons]
