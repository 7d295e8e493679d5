"""Invitations in each of their states, and a delegation, made by the real actions like the rest of the demo.

Their mails count as sent when they are made, so that the worker sends none of them and nobody is reminded later.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import Enum, auto
from functools import partial
from typing import Any

from sqlalchemy import select, update

from forum.delegations import admitting, asking, contact_links
from forum.delegations.enums import ContactLink
from forum.delegations.models import Delegation
from forum.demo.people import Person, Population
from forum.events.models import Event
from forum.extensions import db
from forum.invitations import actions, answering, forwarding, reminding, sending
from forum.invitations.actions import Invitee, Terms
from forum.invitations.forwarding import Colleague
from forum.invitations.models import Invitation
from forum.outbox.enums import MessageStatus
from forum.outbox.models import OutboxMessage
from forum.registration import actions as registrations
from forum.registration import places
from forum.registration.applicant import Applicant

SECTOR, DELEGATION_SECTOR, DELEGATION_KEY = "politics", "justice", "demo-delegation"
DAY = timedelta(days=1)
SENT_AFTER = timedelta(seconds=4)
REFUSED_ERROR = "550 5.1.1 No such mailbox"
WORDS = {
    "sv": "Du har arbetat med frågan länge. Vi skulle gärna höra hur det ser ut hos er.",
    "en": "You have worked on this for a long time. We would like to hear how things are where you are.",
}
REASONS = {
    "sv": "Jag är föräldraledig i höst. Fråga gärna igen nästa gång.",
    "en": "I am on parental leave this autumn. Please ask again next time.",
}


class Ending(Enum):
    """How an invitation ends."""

    SILENT = auto()  # the invitation was sent and not answered, and a reminder was sent
    SENT = auto()  # the invitation was sent yesterday and is not answered yet
    BEGUN = auto()  # the person has begun to answer, and has not finished
    YES = auto()
    NO = auto()
    FORWARDED = auto()  # the invitation was forwarded to a colleague, who has not answered
    EXPIRED = auto()
    FAILED = auto()  # the invitation's mail has failed, because the mailbox does not exist
    WITHDRAWN = auto()


# How the invitation of each guest ends, and whether it holds a place until the answer; guests are in order of inviting.
GUESTS = (
    (Ending.YES, True),
    (Ending.NO, True),
    (Ending.EXPIRED, False),
    (Ending.FORWARDED, True),
    (Ending.SILENT, True),
    (Ending.WITHDRAWN, False),
    (Ending.YES, False),
    (Ending.BEGUN, True),
    (Ending.FAILED, False),
    (Ending.SENT, False),
)
Act = tuple[datetime, Callable[[datetime], Any]]


@dataclass
class Guest:
    """Somebody who is invited."""

    person: Person
    colleague: Person
    ending: Ending
    holds_place: bool
    asked_at: datetime
    invitation: Invitation = field(init=False)


class Invited:
    """Invites people of one sector and registers a delegation of another one, in the weeks before `now`."""

    def __init__(self, event: Event, population: Population, now: datetime):
        self.event, self.now = event, now
        self.sectors = {sector.key: sector for sector in event.sectors}
        self.guests = [*self._guests(population)]
        self.contact = population.invent(DELEGATION_SECTOR)
        self.delegates = [population.colleague_of(self.contact) for _ in range(4)]

    def acts(self) -> Iterator[Act]:
        """Yield everything that happens to guests and delegation: a time, and a function to call with that time."""
        for guest in self.guests:
            yield guest.asked_at, partial(self._invite, guest)
            yield guest.asked_at + timedelta(minutes=5), partial(self._mail, guest)
            yield from _answers(guest, self.now)
        asked_at = self.now - timedelta(days=9, hours=2)
        yield asked_at, self._ask_as_delegation
        yield asked_at + timedelta(minutes=20), self._confirm_delegation
        yield asked_at + timedelta(hours=5), self._confirm_one

    def _guests(self, population: Population) -> Iterator[Guest]:
        for number, (ending, holds_place) in enumerate(GUESTS):
            person = population.invent(SECTOR)
            days = 1 if ending is Ending.SENT else 20 - number
            asked_at = self.now - timedelta(days=days, hours=3, minutes=-number)
            yield Guest(person, population.colleague_of(person), ending, holds_place, asked_at)

    def _invite(self, guest: Guest, at: datetime) -> None:
        person = guest.person
        expires_at = at + (10 * DAY if guest.ending is Ending.EXPIRED else 35 * DAY)
        terms = Terms(
            expires_at,
            holds_place=guest.holds_place,
            remind_at=at + 7 * DAY if guest.ending is Ending.SILENT else None,
            may_forward=guest.ending in (Ending.FORWARDED, Ending.BEGUN),
        )
        words = WORDS[person.language]
        invitee = Invitee(
            person.given_name, person.family_name, person.email, person.organisation, person.language, words
        )
        guest.invitation = actions.invite(
            self.event, self.sectors[SECTOR], invitee, terms, user_id=None, now=at
        )

    def _mail(self, guest: Guest, at: datetime) -> None:
        sending.queue_one(guest.invitation.id, now=at)
        message = guest.invitation.message
        _leave(message, at)
        if guest.ending is Ending.FAILED:
            _became(message, status=MessageStatus.FAILED, sent_at=None, last_error=REFUSED_ERROR)

    def _ask_as_delegation(self, at: datetime) -> None:
        contact = self.contact
        sender = asking.Contact(
            *(contact.given_name, contact.family_name, contact.email),
            *(contact.organisation, contact.country, contact.language),
        )
        # Half of the delegation's people have an address of their own; for the others the contact answers.
        people = [
            asking.Person(one.given_name, one.family_name, one.title, one.email if number % 2 else "")
            for number, one in enumerate(self.delegates)
        ]
        places.lock(self.event)
        told: dict[str, Any] = {"is_all_or_nobody": True, "form_key": DELEGATION_KEY}
        asking.ask(self.event, self.sectors[DELEGATION_SECTOR], sender, people, **told, now=at)

    def _confirm_delegation(self, at: datetime) -> None:
        admitting.confirm(contact_links.issue(_delegation(), ContactLink.CONFIRM, now=at), now=at)

    def _confirm_one(self, at: datetime) -> None:
        """Let one of the two people with an address of their own confirm it; the other one never confirms."""
        people = [one.registration for one in _delegation().people]
        registrations.confirm(next(one for one in people if one and one.has_address), now=at)


def _delegation() -> Delegation:
    return db.session.scalars(select(Delegation).where(Delegation.form_key == DELEGATION_KEY)).one()


def _answers(guest: Guest, now: datetime) -> Iterator[Act]:
    """Yield the acts that lead an invitation to its outcome, each with its time."""
    later = guest.asked_at + 2 * DAY
    if guest.ending in (Ending.YES, Ending.BEGUN):
        yield later, lambda at: answering.begin(guest.invitation, now=at)
    if guest.ending is Ending.YES:
        yield later + timedelta(minutes=4), lambda at: _say_yes(guest, at)
    elif guest.ending is Ending.NO:
        reason = REASONS[guest.person.language]
        yield later, lambda at: answering.decline(guest.invitation, reason, now=at)
    elif guest.ending is Ending.FORWARDED:
        yield later, lambda at: _forward(guest, at)
    elif guest.ending is Ending.EXPIRED:
        yield guest.asked_at + 10 * DAY, lambda at: actions.expire(guest.invitation.id, now=at)
    elif guest.ending is Ending.WITHDRAWN:
        yield later, lambda at: actions.withdraw(guest.invitation, actor="command", now=at)
    elif guest.ending is Ending.SILENT:
        yield guest.asked_at + 7 * DAY, lambda at: _remind(guest, at)


def _say_yes(guest: Guest, at: datetime) -> None:
    person = guest.person
    applicant = Applicant(
        given_name=person.given_name,
        family_name=person.family_name,
        email=person.email,
        organisation=person.organisation,
        title=person.title,
        country=person.country,
        language=person.language,
        phone=None,
        submission_key="",
    )
    answering.accept(guest.invitation, applicant, now=at)


def _forward(guest: Guest, at: datetime) -> None:
    one = guest.colleague
    colleague = Colleague(one.given_name, one.family_name, one.email, one.organisation, one.language)
    forwarding.forward(guest.invitation, colleague, now=at)
    sending.queue_one(guest.invitation.forwarded_to.id, now=at)
    _leave(guest.invitation.forwarded_to.message, at)


def _remind(guest: Guest, at: datetime) -> None:
    reminding.queue_one(guest.invitation.id, now=at)
    _leave(guest.invitation.reminder, at)


def _leave(message: OutboxMessage, at: datetime) -> None:
    """Count a mail as sent soon after it was made."""
    _became(message, status=MessageStatus.SENT, attempts=1, sent_at=at + SENT_AFTER)


def _became(message: OutboxMessage, **columns: object) -> None:
    """Store the outcome of a mail by one statement, as the worker does."""
    db.session.flush()
    db.session.execute(update(OutboxMessage).where(OutboxMessage.id == message.id).values(columns))
