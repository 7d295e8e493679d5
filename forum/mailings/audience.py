"""The people to whom a change of an event is news: registered people who know other facts than the present ones.

A person knows the facts of the time when the registration was sent or its address confirmed, or else the facts in the
newest mail about a change that was sent to this person.
"""

from collections import Counter
from dataclasses import dataclass, field

from sqlalchemy import select

from forum.extensions import db
from forum.mailings import queries
from forum.mailings.enums import LeftOut
from forum.mailings.facts import differing, index_at
from forum.mailings.models import Mailing
from forum.registration.enums import Status
from forum.registration.models import IS_LIVE, Registration
from forum.registration.restrictions import IS_FREE


@dataclass(frozen=True)
class Addressee:
    """A recipient: registration, language, and `step`, the index in `Mailing.steps` of the facts the person knows."""

    registration_id: int
    language: str
    step: int


@dataclass
class Audience:
    """The recipients of a mailing, and the numbers of people who get no mail, by reason.

    `unconfirmed` have not confirmed their address; `informed` know the present facts; `unreachable` have no address, so
    organisers tell them in another way; the data of `restricted` people may not be used. `left` has all these people
    but the informed ones, each with the reason.
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
    columns = (Registration.id, Registration.status, Registration.language, Registration.email)
    free = IS_FREE.label("is_free")
    moments = (Registration.requested_at, Registration.confirmed_at)
    live = select(*columns, *moments, free).where(Registration.event_id == mailing.event_id, IS_LIVE)
    is_news: dict[tuple[int, str], bool] = {}
    for person, status, language, email, requested_at, confirmed_at, is_free in db.session.execute(
        live.order_by(Registration.id)
    ):
        if status == Status.PENDING:
            audience.unconfirmed += 1
            audience.left.append((person, LeftOut.UNCONFIRMED))
            continue
        if not is_free:
            audience.restricted += 1
            audience.left.append((person, LeftOut.RESTRICTED))
            continue
        if not email:
            audience.unreachable += 1
            audience.left.append((person, LeftOut.NO_ADDRESS))
            continue
        step = index_at(steps, max(requested_at, confirmed_at or requested_at))
        if person in told_at:
            step = max(step, index_at(steps, told_at[person], inclusive=True))
        if (step, language) not in is_news:
            was, now = steps[step]["facts"], steps[-1]["facts"]
            is_news[step, language] = bool(differing(was, now, language))
        if is_news[step, language]:
            audience.people.append(Addressee(person, language, step))
        else:
            audience.informed += 1
    return audience
