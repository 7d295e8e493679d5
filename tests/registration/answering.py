"""The actions of the state machine about answers to the event's own questions, and rules for them."""

from itertools import count
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule
from sqlalchemy import select

from forum.database import start_write
from forum.delegations import queries as delegations
from forum.extensions import db
from forum.questions.models import Answer, Question
from forum.questions.queries import list_for_form
from forum.registration import actions, answers, given, queries
from forum.registration.applicant import CHANGEABLE, Details
from forum.registration.enums import LIVE, Status
from forum.registration.errors import SeveralForms
from forum.registration.models import Registration, Submission
from tests.factories.questions import make_question
from tests.factories.registrations import read_care

WORDS = st.sampled_from(("by train", "by boat", "on foot"))


class Answering:
    """Mixin of the state machine `test_state_machine.Registrations`: actions about answers.

    `told` has the expected answers by registration id and question key; `again` are the ids of registrations for
    which the person has sent another form.
    """

    def begin_asking(self) -> None:
        self.asked = [
            make_question(self.event, "arrival").id,
            make_question(self.event, "diet", care=True).id,
        ]
        self.forms = count(1)
        self.told: dict[int, dict[str, Any]] = {}
        self.again: set[int] = set()

    @precondition(lambda self: self.those_who_are(Status.PENDING))
    @rule(data=st.data())
    def somebody_confirms(self, data):
        """Press the confirming link of any form that was sent for the registration, not only of the last one."""
        person = self.pick(data, Status.PENDING)
        forms = queries.list_carried_forms(person)
        self.confirm(person, data.draw(st.sampled_from(forms)) if forms else None)

    @precondition(lambda self: self.those_who_are(*LIVE))
    @rule(data=st.data(), words=WORDS)
    def somebody_changes_answers(self, data, words):
        person = self.pick(data, *LIVE)
        questions = list_for_form(self.event.slug)
        details = Details(**{name: getattr(person, name) for name in CHANGEABLE})
        answered = given.Answered(questions, {"arrival": words} if words != "on foot" else {})
        try:
            is_in_form = given.find_form(person) is not None
        # several unconfirmed forms: which one counts is known only when one of their links is pressed
        except SeveralForms:
            return
        is_done = self.do(actions.change, person, details, answered=answered, actor="person")
        # Expect the answer only if it went to the registration. Before the address is confirmed it goes to the stored
        # form, from which `confirm` copies it.
        if is_done and not is_in_form and any(question.key == "arrival" for question in questions):
            self.told[person.id] = {**self.told.get(person.id, {}), "arrival": answered.given.get("arrival")}

    @precondition(lambda self: self.those_who_are(*LIVE))
    @rule(data=st.data(), words=WORDS)
    def somebody_replaces_what_they_need(self, data, words):
        person = self.pick(data, *LIVE)
        self.do(given.say_care, person, {"diet": words})
        self.told[person.id] = {**self.told.get(person.id, {}), "diet": words}

    @rule(number=st.integers(0, 1), is_withdrawn=st.booleans())
    def an_organiser_withdraws_or_restores_a_question(self, number, is_withdrawn):
        start_write(db.session)
        db.session.get_one(Question, self.asked[number]).withdrawn_at = self.now if is_withdrawn else None
        db.session.commit()

    def confirm(self, person, form) -> None:
        """Confirm by the link of this form, whose answers the person then has."""
        carried, is_pending = (form.given if form else None) or {}, person.status == Status.PENDING
        stood = None if form is None or self.is_undecided(person) else (person.organisation, person.sector_id)
        self.do(actions.confirm, person, form)
        # Confirming does not undo changes made before the address was confirmed.
        assert stood in (None, (person.organisation, person.sector_id))
        if is_pending and person.status not in (Status.PENDING, Status.EXPIRED):
            self.told[person.id] = {**self.told.get(person.id, {}), **carried}

    def is_undecided(self, person) -> bool:
        """Return whether confirming decides which answers count: there are several forms, or one and a delegation.

        A person whom a contact has added and withdrawn has no form from the contact. A form that the person sends later
        is told from a first form by its time alone, and in the state machine two acts may happen at the same time.
        """
        if delegations.find_of(person) or person.id in self.again:
            return True
        try:
            answers.find_carried(person)
        except SeveralForms:
            return True
        return False

    def everybody_has_what_they_answered(self, people) -> None:
        rows = db.session.execute(select(Answer.registration_id, Answer.value)).all()
        stored = {(number, "arrival"): value for number, value in rows}
        stored |= {(one.id, key): value for one in people for key, value in read_care(one).items()}
        told = {(number, key): value for number, each in self.told.items() for key, value in each.items()}
        assert stored == {key: value for key, value in told.items() if value is not None}

    def no_form_is_kept_longer_than_its_link(self, people) -> None:
        done = [one.id for one in people if one.status != Status.PENDING]
        kept = select(Submission.key).where(
            Submission.registration_id.in_(done), Submission.given.is_not(None)
        )
        assert db.session.scalars(kept).all() == []


def answers_of(number: int) -> dict[str, Any]:
    """Return answers to the event's questions, with this number in each, so that forms can be told apart."""
    return {"arrival": f"form {number}", "diet": f"need {number}"}


def newest(person: Registration) -> Submission | None:
    """Return the form that was sent last for a registration, if a confirming link may still carry its answers."""
    return queries.find_last_form(person)
