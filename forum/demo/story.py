"""Forty-five days of registrations, made by calling the real actions with the time of each day.

The demo's counters, waiting list, offers, history and mails therefore agree with one another.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import Enum, auto
from typing import Any

from sqlalchemy import update

from forum.demo.answers import answers_of
from forum.demo.invited import Invited
from forum.demo.people import Person, Population
from forum.events.enums import SectorPolicy
from forum.events.models import Event, Sector
from forum.extensions import db
from forum.outbox.enums import MessageStatus
from forum.outbox.models import OutboxMessage
from forum.registration import actions, expiry, intake, places, queries, reviewing
from forum.registration.applicant import Applicant, Details
from forum.registration.consents import Listed
from forum.registration.enums import ConsentPurpose, DeclineReason, ListedAs, Status
from forum.registration.models import Registration
from forum.registration.reviewing import Refusal

ALIAS = ("Kim", "Norrsken", "kim.norrsken@brevvan.example")


class Fate(Enum):
    """What happens to a registration that is not simply confirmed."""

    FORGETS = auto()  # never confirms the address, so that the registration expires after 48 hours
    LATE = auto()  # registered in the last hours and is pending, because the address is not confirmed yet
    CANCELS = auto()
    CANCELS_TODAY = auto()  # cancels today, so that the demo has an open offer of the freed place
    IGNORES_OFFER = auto()
    CHANGES = auto()
    WITHDRAWS_CONSENTS = auto()
    DECLINED = auto()
    UNDECIDED = auto()  # stays in review, because the organisers have not decided
    PROTECTED = auto()  # has a protected identity, and registers under an alias
    # Consents to nothing, like PROTECTED, but has no protected identity: so the lack of consents reveals nothing.
    TWIN = auto()


@dataclass(frozen=True)
class Chapter:
    """The registrations of one sector: how many, over how many days, and the fates of some, by position."""

    people: int
    days: int
    fates: dict[int, Fate] = field(default_factory=dict)


CHAPTERS = {
    "politics": Chapter(16, 40, {3: Fate.CANCELS, 8: Fate.FORGETS, 15: Fate.LATE}),
    "justice": Chapter(
        24,
        41,
        {4: Fate.CHANGES, 6: Fate.FORGETS, 9: Fate.WITHDRAWS_CONSENTS, 14: Fate.CANCELS, 23: Fate.LATE},
    ),
    "tech": Chapter(18, 39, {5: Fate.CANCELS, 11: Fate.FORGETS, 16: Fate.LATE, 17: Fate.LATE}),
    # NGOs fill their 45 places early, so the later registrations wait.
    "ngo": Chapter(
        59,
        42,
        {
            5: Fate.FORGETS,
            10: Fate.CANCELS,
            12: Fate.PROTECTED,
            13: Fate.TWIN,
            20: Fate.CANCELS,
            30: Fate.CANCELS_TODAY,
            47: Fate.IGNORES_OFFER,
            49: Fate.IGNORES_OFFER,
            51: Fate.CANCELS,
            58: Fate.LATE,
        },
    ),
    # This sector is reviewed; its latest registrations still wait for a decision.
    "other": Chapter(8, 38, {1: Fate.DECLINED, 5: Fate.UNDECIDED, 6: Fate.UNDECIDED, 7: Fate.UNDECIDED}),
}
REVIEW_TAKES = timedelta(days=3)


@dataclass
class Part:
    """One person in the story: the sector, the time of registering, and the fate."""

    sector: Sector
    number: int
    person: Person
    fate: Fate | None
    comes_at: datetime
    registration: Registration = field(init=False)


Act = tuple[datetime, Callable[[datetime], Any]]


class Story:
    """Makes all registrations of one event, day by day up to `now`."""

    def __init__(self, event: Event, population: Population, now: datetime):
        self.event, self.now = event, now
        self.parts = [part for sector in event.sectors for part in self._cast(sector, population)]
        self.invited = Invited(event, population, now)
        self.registered: list[Part] = []

    def play(self) -> None:
        """Register all people of the story, decide about those who are reviewed, and run the daily changes."""
        acts = [*self._days(), *self.invited.acts()]
        for part in self.parts:
            acts += self._acts(part)
        for at, act in sorted(acts, key=lambda act: act[0]):
            if at <= self.now:
                act(at)

    def _cast(self, sector: Sector, population: Population) -> Iterator[Part]:
        chapter = CHAPTERS[sector.key]
        for number in range(chapter.people):
            fate = chapter.fates.get(number)
            yield Part(
                sector, number, population.invent(sector.key), fate, self._comes_at(chapter, number, fate)
            )

    def _comes_at(self, chapter: Chapter, number: int, fate: Fate | None) -> datetime:
        """Return when a person registers: most in the first days, a few in the last hours, no two in one minute."""
        if fate is Fate.LATE:
            return self.now - timedelta(hours=4 + 5 * (number % 5), minutes=number)
        share = (number + 1) / chapter.people
        return self.event.opens_at + timedelta(days=chapter.days * share**1.5, minutes=number * 37 % 240)

    def _days(self) -> Iterator[Act]:
        """Yield what happens each day: at noon people answer offers, at night registrations and offers expire."""
        day = self.event.opens_at
        while day < self.now:
            yield day + timedelta(hours=3), self._answer_offers
            yield day + timedelta(hours=19), self._end_what_has_run_out
            day += timedelta(days=1)

    def _acts(self, part: Part) -> Iterator[Act]:
        fate, comes_at = part.fate, part.comes_at
        yield comes_at, lambda at: self._register(part, at)
        if fate not in (Fate.FORGETS, Fate.LATE):
            yield comes_at + timedelta(minutes=6 + part.number * 13 % 170), lambda at: _confirm(part, at)
        if part.sector.policy == SectorPolicy.REVIEW and fate not in (Fate.DECLINED, Fate.UNDECIDED):
            yield comes_at + REVIEW_TAKES, lambda at: _approve(part, at)
        if fate is Fate.CANCELS:
            yield self._cancels_at(part), lambda at: _cancel(part, at)
        elif fate is Fate.CANCELS_TODAY:
            yield self.now - timedelta(hours=20), lambda at: _cancel(part, at)
        elif fate is Fate.CHANGES:
            yield comes_at + timedelta(days=6), lambda at: _change(part, at)
        elif fate is Fate.WITHDRAWS_CONSENTS:
            yield comes_at + timedelta(days=4), lambda at: _withdraw_consents(part, at)
        elif fate is Fate.DECLINED:
            yield comes_at + REVIEW_TAKES, lambda at: _decline(part, at)

    def _cancels_at(self, part: Part) -> datetime:
        """Return when a person cancels; people of NGOs cancel late, when others wait, so that each place is offered."""
        if part.sector.key == "ngo" and part.number < 45:
            return self.now - timedelta(days=4 + part.number % 9, hours=5)
        return part.comes_at + timedelta(days=2, hours=7)

    def _register(self, part: Part, at: datetime) -> None:
        applicant = _applicant(part)
        places.lock(self.event)
        part.registration = intake.register(self.event, part.sector, applicant, now=at)
        self.registered.append(part)

    def _end_what_has_run_out(self, at: datetime) -> None:
        """Mark mails of offers as sent, so that deadlines run; expire registrations and offers that are overdue."""
        offers = OutboxMessage.kind == "offered", OutboxMessage.status == MessageStatus.QUEUED
        sent = {"status": MessageStatus.SENT, "sent_at": OutboxMessage.created_at}
        db.session.execute(update(OutboxMessage).where(*offers).values(**sent))
        expiry.expire_due(now=at)

    def _answer_offers(self, at: datetime) -> None:
        for part in self.registered:
            if part.registration.status == Status.OFFERED and part.fate is not Fate.IGNORES_OFFER:
                actions.accept_offer(part.registration, now=at)


def _applicant(part: Part) -> Applicant:
    person = part.person
    protected = part.fate is Fate.PROTECTED
    given_name, family_name, email = (
        ALIAS if protected else (person.given_name, person.family_name, person.email)
    )
    return Applicant(
        given_name=given_name,
        family_name=family_name,
        email=email,
        organisation=person.organisation,
        title=person.title,
        country=person.country,
        language=person.language,
        phone=person.phone,
        submission_key=f"demo-{part.sector.key}-{part.number}",
        is_protected=protected,
        real_name=f"{person.given_name} {person.family_name}" if protected else None,
        given=answers_of(part.number),
    )


def _consents(part: Part) -> frozenset[ConsentPurpose]:
    """Return a person's consents: about half agree to the participant list, more to photographs."""
    if part.fate in (Fate.PROTECTED, Fate.TWIN):
        return frozenset()
    wanted = {
        ConsentPurpose.PARTICIPANT_LIST: part.number * 7 % 10 < 5 or part.fate is Fate.WITHDRAWS_CONSENTS,
        ConsentPurpose.PHOTOGRAPHS: part.number * 3 % 10 < 6,
    }
    return frozenset(purpose for purpose, given in wanted.items() if given)


def _confirm(part: Part, at: datetime) -> None:
    shown = ListedAs.ORGANISATION if part.number % 4 == 1 else ListedAs.NAME
    listed = Listed(shown, part.registration.event.participant_list)
    form = queries.find_last_form(part.registration)
    actions.confirm(part.registration, form, consents=_consents(part), listed=listed, now=at)
    # Leave out a consent to a text that was written after `at`: nobody could have agreed to it.
    for consent in part.registration.consents:
        consent.text_version = min(consent.text_version, at.date().isoformat())


def _cancel(part: Part, at: datetime) -> None:
    actions.cancel(part.registration, actor="person", now=at)


def _change(part: Part, at: datetime) -> None:
    person = part.person
    details = Details(
        given_name=person.given_name,
        family_name=person.family_name,
        organisation=person.organisation,
        title={"sv": "Chefsutredare", "en": "Head of investigation"}[person.language],
        country=person.country,
        language=person.language,
        phone=person.phone,
    )
    actions.change(part.registration, details, actor="person", now=at)


def _withdraw_consents(part: Part, at: datetime) -> None:
    actions.set_consents(part.registration, frozenset(), now=at)


def _approve(part: Part, at: datetime) -> None:
    reviewing.approve(part.registration, actor="command", now=at)


def _decline(part: Part, at: datetime) -> None:
    refusal = Refusal(DeclineReason.OFF_SUBJECT)
    reviewing.decline(part.registration, refusal, actor="command", now=at)
