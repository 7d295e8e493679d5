"""The actions of the state machine in which organisers edit people, addresses change by links, and answers freeze."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from forum.columns import digest
from forum.database import start_write
from forum.extensions import db
from forum.people.models import AddressChange
from forum.questions.queries import list_for_form
from forum.registration import actions, given, new_address, queries
from forum.registration.applicant import CHANGEABLE, Details
from forum.registration.enums import LIVE, Status
from forum.registration.errors import (
    AddressTaken,
    LinkRefused,
    NotLive,
    OrganisationFull,
    SectorFull,
    SeveralForms,
)
from forum.registration.models import Registration
from tests.factories.events import NOW
from tests.registration.answering import WORDS
from tests.registration.reading import newest_mail

WHO = st.sampled_from(("person", "user:1"))
DOMAINS = st.sampled_from(("example.org", "example.net"))


@dataclass(frozen=True)
class SentLink:
    """A link to a new address: the registration's number, who has asked for the link, and until when it works."""

    number: int
    email: str
    actor: str
    until: datetime


class Editing:
    """Part of `tests.registration.test_state_machine.Everything`; `sent` has the links to new addresses by token."""

    def begin_editing(self) -> None:
        self.sent: dict[str, SentLink] = {}
        start_write(db.session)
        self.event.freezes_at = NOW + timedelta(days=9)
        db.session.commit()

    @rule(hours=st.sampled_from((None, 0, 1, 50, 24 * 8)))
    def organisers_set_the_freeze(self, hours):
        start_write(db.session)
        self.event.freezes_at = None if hours is None else self.now + timedelta(hours=hours)
        db.session.commit()

    @precondition(lambda self: self.all_who_are(*LIVE))
    @rule(
        data=st.data(),
        name=st.sampled_from(("Ada", "Bo")),
        organisation=st.sampled_from(("Alfa AB", "Beta", "Gamma")),
        words=WORDS,
    )
    def an_organiser_edits_somebody(self, data, name, organisation, words):
        """Edit name, organisation and answers, after the freeze too: no review begins or ends, and no place is lost."""
        person = self.pick_any(data, *LIVE)
        told = {each: getattr(person, each) for each in CHANGEABLE}
        details = Details(**{**told, "given_name": name, "organisation": organisation})
        questions = list_for_form(self.event.slug)
        answered = given.Answered(questions, {"arrival": words} if words != "on foot" else {})
        try:
            is_in_form = given.find_form(person) is not None
        except SeveralForms:
            return
        was = (person.review_since, person.answer_by, person.holds_place)
        if not self.do(actions.change, person, details, answered=answered, actor="user:1"):
            return
        assert (person.given_name, person.organisation) == (name, organisation)
        assert (person.review_since, person.answer_by) == was[:2]
        assert person.holds_place >= was[2]
        if not is_in_form and any(question.key == "arrival" for question in questions):
            self.told[person.id] = {**self.told.get(person.id, {}), "arrival": answered.given.get("arrival")}

    @precondition(lambda self: self.now < self.event.ends_at and self.all_who_are(*LIVE))
    @rule(data=st.data(), who=WHO, domain=DOMAINS, is_taken=st.sampled_from((False, False, False, True)))
    def a_new_address_is_entered(self, data, who, domain, is_taken):
        """Enter an address for anybody, or as somebody for themselves: nothing changes until its link is used."""
        # Whoever has not confirmed an address has no page of their own.
        persons = (Status.IN_REVIEW, Status.WAITING, Status.OFFERED, Status.CONFIRMED)
        if who == "person" and not self.those_who_are(*persons):
            return
        person = self.pick(data, *persons) if who == "person" else self.pick_any(data, *LIVE)
        others = sorted(one.email for one in self.those_who_are(Status.CONFIRMED) if one.id != person.id)
        email = others[0] if is_taken and others else f"entered{next(self.forms)}@{domain}"
        was = (person.email, person.status, person.holds_place)
        try:
            if not self.do(new_address.ask, person, email, actor=who):
                return
        except AddressTaken:
            db.session.rollback()
            assert who != "person"
            assert email in others
            return
        assert (person.email, person.status, person.holds_place) == was
        until = min(self.now + timedelta(hours=48), self.event.ends_at)
        if who == "person" and self.event.freezes_at:
            until = min(until, self.event.freezes_at)
        assert new_address.find_asked(person, self.now).expires_at == until
        if email not in others:
            token = newest_mail(person, "new-address").token
            self.sent[token] = SentLink(person.id, email, who, until)

    @precondition(lambda self: self.sent)
    @rule(data=st.data(), is_newest=st.booleans())
    def a_link_to_a_new_address_is_used(self, data, is_newest):
        """Use the newest link or any earlier one: it works once, in its time, for whom it was sent."""
        token = [*self.sent][-1] if is_newest else data.draw(st.sampled_from([*self.sent]))
        sent, row = self.sent[token], db.session.get(AddressChange, digest(token))
        person = db.session.get(Registration, sent.number)
        works = row is not None and person is not None and person.status in LIVE
        works = works and self.now < min(sent.until, self.event.ends_at)
        works = works and not (sent.actor == "person" and self.is_frozen)
        forms = queries.list_carried_forms(person) if works and person.status == Status.PENDING else []
        carried = [form.given or {} for form in forms if form.received_at == person.requested_at]
        start_write(db.session)
        try:
            new_address.confirm(token, now=self.now)
            db.session.commit()
        except LinkRefused:
            db.session.rollback()
            assert not works
            return
        except AddressTaken:
            db.session.rollback()
            assert works
            assert queries.find_confirmed(self.event, sent.email)
            return
        except (OrganisationFull, SectorFull):
            db.session.rollback()
            assert works
            return
        except NotLive:
            db.session.rollback()
            raise AssertionError("a link that works confirms, any other is refused") from None
        assert works
        assert (person.email, person.status in LIVE, person.status != Status.PENDING) == (
            sent.email,
            True,
            True,
        )
        if carried:
            self.told[person.id] = {**self.told.get(person.id, {}), **carried[0]}

    def all_who_are(self, *statuses) -> list[Registration]:
        """Return people with these statuses, those without an address included."""
        return [one for one in self.everybody() if one.status in statuses]

    def pick_any(self, data, *statuses) -> Registration:
        people = {one.id: one for one in self.all_who_are(*statuses)}
        return people[data.draw(st.sampled_from(sorted(people)))]
