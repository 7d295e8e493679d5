"""The action of the state machine in which a substitute comes instead of a person."""

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from forum.delegations import queries, substituting
from forum.events.enums import SectorPolicy
from forum.registration.enums import APPROVED, Status
from tests.factories.registrations import make_applicant
from tests.registration.answering import answers_of
from tests.registration.reading import newest_mail

REPLACEABLE = (*APPROVED, Status.IN_REVIEW)


class Substituting:
    """Mixin of the state machine `tests.registration.test_state_machine.Registrations`: the act of a substitute."""

    @precondition(lambda self: self.now < self.event.ends_at and self.those_who_are(*REPLACEABLE))
    @rule(data=st.data())
    def somebody_else_comes_instead(self, data):
        """Hand over to a substitute: no counter changes, and the newcomer has the place, the rank or the review."""
        person, told = self.pick(data, *REPLACEABLE), answers_of(next(self.forms))
        status, holds, waited, taken = (
            person.status,
            person.holds_place,
            person.waiting_since,
            self.event.taken,
        )
        newcomer = make_applicant(organisation=person.organisation, given=told)
        if not self.do(substituting.ask, person, newcomer.email):
            return
        if not self.do(substituting.confirm, newest_mail(person, "substitute-asked").token, newcomer):
            return
        new = queries.find_successor(person)
        self.told[new.id] = told
        if holds:
            self.had_place |= {(new.id, new.organisation_key, new.sector_id)}
        assert (person.status, person.holds_place, self.event.taken) == (Status.CANCELLED, False, taken)
        assert (new.status, new.holds_place) == (Status.CONFIRMED if holds else status, holds)
        assert new.waiting_since == (waited if status == Status.WAITING else None)
        assert new.is_in_review or new.sector.policy != SectorPolicy.REVIEW
