"""The people to whom a change of an event is news: registered people who know other facts than the present ones.

A person knows the facts of the time when the registration was sent or its address confirmed, or else the facts in the
newest mail about a change that was sent to this person.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import select

from forum import clock
from forum.extensions import db
from forum.mailings import queries
from forum.mailings.enums import LeftOut
from forum.mailings.facts import differing, index_at
from forum.mailings.models import Mailing
from forum.outbox import pacing
from forum.registration import awaited
from forum.registration.enums import Status
from forum.registration.models import IS_LIVE, Registration
from forum.registration.restrictions import IS_FREE


@dataclass(frozen=True)
class Addressee:
    """A recipient: registration, language, sector, mail domain.

    `step` is the index in `Mailing.steps` of the facts that the person knows.
    """

    registration_id: int
    language: str
    step: int
    sector_id: int
    domain: str


@dataclass
class Audience:
    """The recipients of a mailing, and the numbers of people who get no mail, by reason.

    `unconfirmed` have not confirmed their address; `informed` know the present facts; `unreachable` are registered
    without a confirmed address, so organisers tell them in another way; the data of `restricted` people may not be
    used. `left` has all these people but the informed ones, each with the reason.
    """

    people: list[Addressee] = field(default_factory=list)
    unconfirmed: int = 0
    informed: int = 0
    unreachable: int = 0
    restricted: int = 0
    left: list[tuple[int, LeftOut]] = field(default_factory=list)

    @property
    def languages(self) -> Counter[str]:
        """The number of people by the language of their mails."""
        return Counter(person.language for person in self.people)

    @property
    def by_mail(self) -> Counter[tuple[str, int]]:
        """The number of people by language and by the facts they know (`step`): each pair has its own mail text."""
        return Counter((person.language, person.step) for person in self.people)


def audience_of(mailing: Mailing) -> Audience:
    """Return the recipients that the mailing would have if it was sent now."""
    told_at, steps, audience = queries.list_told_at(mailing.event), mailing.steps, Audience()
    is_news: dict[tuple[int, str], bool] = {}
    for row in _live(mailing):
        if row.status == Status.PENDING:
            audience.unconfirmed += 1
            audience.left.append((row.id, LeftOut.UNCONFIRMED))
            continue
        if not row.is_free:
            audience.restricted += 1
            audience.left.append((row.id, LeftOut.RESTRICTED))
            continue
        if not row.email:
            audience.unreachable += 1
            why = LeftOut.UNCONFIRMED if row.is_awaited else LeftOut.NO_ADDRESS
            audience.left.append((row.id, why))
            continue
        step = index_at(steps, max(row.requested_at, row.confirmed_at or row.requested_at))
        if row.id in told_at:
            step = max(step, index_at(steps, told_at[row.id], inclusive=True))
        if (step, row.language) not in is_news:
            was, now = steps[step]["facts"], steps[-1]["facts"]
            is_news[step, row.language] = bool(differing(was, now, row.language))
        if is_news[step, row.language]:
            audience.people.append(Addressee(row.id, row.language, step, row.sector_id, row.domain))
        else:
            audience.informed += 1
    return audience


def _live(mailing: Mailing) -> Iterable[Any]:
    """Return, for each live registration, the columns that decide whether it gets the mailing."""
    told = Registration.id, Registration.status, Registration.language, Registration.email
    known = Registration.sector_id, pacing.domain_of(Registration.email).label("domain")
    deciding = Registration.requested_at, Registration.confirmed_at, IS_FREE.label("is_free")
    is_awaited = awaited.is_awaited(clock.now()).label("is_awaited")
    live = select(*told, *known, *deciding, is_awaited).where(
        Registration.event_id == mailing.event_id, IS_LIVE
    )
    return db.session.execute(live.order_by(Registration.id))
