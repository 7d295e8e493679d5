"""The recipients of a message that organisers have written, and the people who are left out, with the reason."""

from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import ColumnElement, Select, select
from werkzeug.datastructures import MultiDict

from forum import clock
from forum.events.models import Event
from forum.extensions import db
from forum.mailings import refusals, unanswered
from forum.mailings.enums import Category, LeftOut
from forum.mailings.models import Mailing, MailingRecipient
from forum.outbox import pacing, suppression
from forum.registration import awaited, listing, new_address, restrictions
from forum.registration.enums import LIVE, Status
from forum.registration.filtering import Filters
from forum.registration.models import Registration
from forum.registration.restrictions import IS_FREE


@dataclass(frozen=True)
class Reader:
    """A person who gets the message: registration, language, sector and mail domain."""

    registration_id: int
    language: str
    sector_id: int
    domain: str


@dataclass
class ChosenAudience:
    """The recipients of a message, sorted by name, and the other people whom it was meant for, with the reasons."""

    people: list[Reader] = field(default_factory=list)
    left: list[tuple[int, LeftOut]] = field(default_factory=list)

    @property
    def languages(self) -> Counter[str]:
        """The number of people by the language of their mails."""
        return Counter(person.language for person in self.people)

    @property
    def reasons(self) -> dict[str, int]:
        """The number of people who are left out, by reason, in the order of `LeftOut`."""
        numbers = Counter(reason for _person, reason in self.left)
        return {reason.value: numbers[reason] for reason in LeftOut if numbers[reason]}


def filters_of(query: Mapping[str, Any], event: Event) -> Filters:
    """Return a stored audience as filters of the attendee list.

    Raises UnknownFilter if a filter names something that was removed, such as a sector.
    """
    pairs = (
        (name, one) for name, some in query.items() for one in (some if isinstance(some, list) else [some])
    )
    return Filters.of(MultiDict(pairs), event)


def meant(mailing: Mailing) -> Select[Any]:
    """Select the registrations for which the mailing is meant, whether they can be written to or not.

    Raises UnknownFilter.
    """
    if mailing.audience is not None:
        return listing.matching(mailing.event, filters_of(mailing.audience, mailing.event))
    mine = select(MailingRecipient.registration_id).where(MailingRecipient.mailing_id == mailing.id)
    return select(Registration).where(Registration.id.in_(mine))


def audience_of(
    mailing: Mailing, *among: ColumnElement[bool], category: Category | None = None
) -> ChosenAudience:
    """Return who would get the mailing now, of all people it is meant for or only of those in `among`.

    With `category`, choose as if the mailing had this category. Raises UnknownFilter.
    """
    rows = db.session.execute(_each(meant(mailing).where(*among))).all()
    silent = unanswered.narrow(mailing, [row.id for row in rows])
    rows = [row for row in rows if row.id in silent] if len(silent) < len(rows) else rows
    category = category or mailing.category
    return _by_category(mailing.event, rows, [category])[category]


def reached_of(mailing: Mailing, registration_ids: Select[Any]) -> list[Reader]:
    """Return those of these registrations who can be written to now, in a language in which the mailing is written."""
    chosen = select(Registration).where(Registration.id.in_(registration_ids))
    people = audiences_of(mailing.event, chosen, [mailing.category])[mailing.category].people
    return [person for person in people if code_for(mailing, person.language)]


def audiences_of(
    event: Event, chosen: Select[Any], categories: Collection[Category]
) -> dict[Category, ChosenAudience]:
    """Return by category who of the chosen registrations would get a message of that category now."""
    return _by_category(event, db.session.execute(_each(chosen)).all(), categories)


def _by_category(
    event: Event, rows: Sequence[Any], categories: Collection[Category]
) -> dict[Category, ChosenAudience]:
    addresses = {row.email for row in rows if row.email}
    suppressed = suppression.list_suppressed(addresses, event.id)
    return {one: _sort_out(rows, refusals.reader(event, one), suppressed) for one in categories}


def _sort_out(
    rows: Sequence[Any], refuses: Callable[[str], bool], suppressed: Collection[str]
) -> ChosenAudience:
    """Return who of these rows (`_each`) gets a message, and why others do not."""
    audience = ChosenAudience()
    for number, language, sector_id, domain, status, email, canonical, is_free, is_awaited in rows:
        reason = _reason(status, is_free=is_free, email=email, is_awaited=is_awaited)
        if not reason and refuses(canonical):
            reason = LeftOut.UNSUBSCRIBED
        elif not reason and email in suppressed:
            reason = LeftOut.SUPPRESSED
        if reason:
            audience.left.append((number, reason))
        else:
            audience.people.append(Reader(number, language, sector_id, domain))
    return audience


def why_left_out(registration: Registration, mailing: Mailing) -> LeftOut | None:
    """Return why the person gets no mail of the mailing, or None; asked again just before the mail is made."""
    is_free = not restrictions.is_restricted(registration)
    is_awaited = not registration.email and new_address.find_asked(registration, clock.now()) is not None
    if reason := _reason(
        registration.status, is_free=is_free, email=registration.email, is_awaited=is_awaited
    ):
        return reason
    if refusals.is_refused(mailing.event, registration.email_canonical, mailing.category):
        return LeftOut.UNSUBSCRIBED
    if suppression.find(registration.email, mailing.event.id):
        return LeftOut.SUPPRESSED
    return None if code_for(mailing, registration.language) else LeftOut.NO_LANGUAGE


def is_left_out_everywhere(registration: Registration, mailing: Mailing) -> bool:
    """Return whether a refusal or mark that belongs to no event keeps messages of all events from the address.

    No organiser reads this reason: what has happened at another event does not concern them (S13).
    """
    is_refused = refusals.is_refused(None, registration.email_canonical, mailing.category)
    return is_refused or suppression.find(registration.email, None) is not None


def code_for(mailing: Mailing, language: str) -> str:
    """Return the language of the mailing's text for readers of `language`; "" if there is no text for them."""
    written = [code for code in (language, mailing.fallback or "") if mailing.words.get(code)]
    return written[0] if written else ""


def missing_languages(mailing: Mailing, audience: ChosenAudience) -> Sequence[str]:
    """Return the languages of recipients who have no text, not even in the mailing's fallback language."""
    return sorted(code for code in audience.languages if not code_for(mailing, code))


def _each(chosen: Select) -> Select:
    """Select, for each chosen registration, the columns of a `Reader` and those that decide whether it gets mail."""
    told = Registration.id, Registration.language, Registration.sector_id
    domain = pacing.domain_of(Registration.email).label("domain")
    deciding = Registration.status, Registration.email, Registration.email_canonical, IS_FREE.label("is_free")
    is_awaited = awaited.is_awaited(clock.now()).label("is_awaited")
    return chosen.with_only_columns(*told, domain, *deciding, is_awaited).order_by(*listing.BY_NAME)


def _reason(status: Status, *, is_free: bool, email: str, is_awaited: bool) -> LeftOut | None:
    if status not in LIVE:
        return LeftOut.ENDED
    if status == Status.PENDING:
        return LeftOut.UNCONFIRMED
    if not is_free:
        return LeftOut.RESTRICTED
    if is_awaited:
        return LeftOut.UNCONFIRMED
    return None if email else LeftOut.NO_ADDRESS
