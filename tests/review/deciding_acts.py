"""The actions of the state machine in which one organiser proposes a refusal and another one decides about it."""

from hypothesis import strategies as st
from hypothesis.stateful import invariant, precondition, rule
from sqlalchemy import select

from forum.accounts.enums import Role
from forum.accounts.models import Membership, User
from forum.database import start_write
from forum.extensions import db
from forum.registration import actions as registrations
from forum.registration.enums import DeclineReason, Status
from forum.registration.models import Registration
from forum.registration.reviewing import Refusal
from forum.review import actions, rounds
from forum.review.errors import SamePerson, SeenChanged
from forum.review.models import ProposedRefusal
from forum.web.edits import digest
from tests.factories.events import NOW
from tests.factories.saving import save
from tests.registration.reading import newest_mail

WHO = st.integers(0, 1)
DONE = "done"


class Deciding:
    """Part of `tests.registration.test_state_machine.Everything`.

    `pages` has, by registration id, what the page of a second organiser showed: digest, person and proposal.
    """

    def begin_deciding(self) -> None:
        members = [
            [Membership(role=Role.ORGANISER, event_id=self.event.id)],
            [Membership(role=Role.ORGANISER, event_id=self.event.id)],
        ]
        names = ("first@example.org", "second@example.org")
        self.reviewers = [
            save(User(email=email, name="R", password_hash="", created_at=NOW, memberships=mine)).id
            for email, mine in zip(names, members, strict=True)
        ]
        self.pages: dict[int, tuple[str, dict]] = {}

    @precondition(lambda self: self.those_in_review())
    @rule(data=st.data(), who=WHO, reason=st.sampled_from(DeclineReason))
    def an_organiser_proposes_a_refusal(self, data, who, reason):
        person = self.draw_from(data, self.those_in_review())
        if db.session.get(ProposedRefusal, person.id) is None:
            self.propose(person, who, reason)

    @precondition(lambda self: self.those_in_review())
    @rule(
        data=st.data(),
        who=WHO,
        confirms=st.sampled_from((True, True, False)),
        meanwhile=st.sampled_from((None, "changes", "cancels")),
    )
    def a_proposed_refusal_is_confirmed_or_taken_back(self, data, who, confirms, meanwhile):
        """Decide on a page that is open since the proposal; the decision counts only for what that page showed."""
        person = self.draw_proposed(data)
        self.let_happen(person, meanwhile)
        if not person.is_in_review:
            return
        words, is_own, is_same = self.standing_of(person, who)
        was = (person.status, person.holds_place)
        act = actions.confirm_refusal if confirms else actions.withdraw_refusal
        is_done = self.decide(act, person, who, seen=self.pages[person.id][0])
        assert is_done == (is_same and not (confirms and is_own))
        assert is_done == (db.session.get(ProposedRefusal, person.id) is None)
        if is_done and confirms:
            self.was_declined(person, words)
        else:
            assert (person.status, person.holds_place) == was

    @precondition(lambda self: self.those_in_review())
    @rule(data=st.data(), who=WHO, meanwhile=st.sampled_from((None, "changes", "cancels")))
    def an_organiser_confirms_all_proposed_refusals(self, data, who, meanwhile):
        """Confirm the proposed refusals one by one.

        Those that the organiser has proposed, and those whose page shows outdated values, are left out.
        """
        self.let_happen(self.draw_proposed(data), meanwhile)

        def decide(registration: Registration, seen: str) -> str:
            told = {"seen": seen, "user_id": self.reviewers[who], "now": self.now}
            actions.confirm_refusal(registration, **told)
            return DONE

        for number in [one.id for one in self.those_proposed()]:
            person = db.session.get_one(Registration, number)
            # Compare each person with the page only now: the decision before may have freed a place, and so changed the
            # person's status.
            words, is_own, is_same = self.standing_of(person, who)
            came = rounds.decide_one(self.event.slug, person.reference, self.pages[number][0], decide)
            db.session.rollback()
            assert came == (rounds.CHANGED if not is_same else rounds.OWN if is_own else DONE)
            if came == DONE:
                self.was_declined(person, words)

    def propose(self, person, who, reason) -> None:
        """Propose to decline the person, to whom nothing happens before another organiser confirms."""
        was = (person.status, person.holds_place)
        refusal = Refusal(reason, f"Words {next(self.forms)}")
        seen = digest(actions.shown_of(person))
        assert self.decide(actions.decline, person, who, refusal=refusal, seen=seen)
        assert (person.status, person.holds_place) == was
        proposal = db.session.get_one(ProposedRefusal, person.id)
        self.pages[person.id] = (digest(actions.shown_with(person, proposal)), self.judged(person))

    def draw_proposed(self, data) -> Registration:
        """Return a person in review whom somebody has proposed to decline, or whom somebody proposes to decline now."""
        person = self.draw_from(data, self.those_in_review())
        if db.session.get(ProposedRefusal, person.id) is None:
            self.propose(person, data.draw(WHO), DeclineReason.OTHER)
        return person

    def let_happen(self, person, meanwhile) -> None:
        """Let the person change or cancel while the page with the proposed refusal is open."""
        if meanwhile == "changes":
            name = "Alfa AB" if person.organisation != "Alfa AB" else "Beta"
            self.change_organisation(person, name)
        elif meanwhile == "cancels":
            was = person.status
            if self.do(registrations.cancel, person, actor="person"):
                self.ended_from[person.id] = (was, self.now)

    def standing_of(self, person, who) -> tuple[str, bool, bool]:
        """Return the proposal's words, whether the organiser made it, and whether all is as the page showed it."""
        proposal = db.session.get_one(ProposedRefusal, person.id)
        is_same = self.pages[person.id][1] == self.judged(person)
        return proposal.words, proposal.proposed_by == self.reviewers[who], is_same

    def was_declined(self, person, words) -> None:
        assert (person.status, person.holds_place) == (Status.DECLINED, False)
        assert person.decline_words == words
        if person.has_address:
            assert words in newest_mail(person, "declined").text

    def decide(self, act, person, who, **told) -> bool:
        """Call one of `review.actions`; return whether it was done."""
        start_write(db.session)
        try:
            act(person, user_id=self.reviewers[who], now=self.now, **told)
            db.session.commit()
            return True
        except (SamePerson, SeenChanged):
            db.session.rollback()
            return False

    def judged(self, person) -> dict:
        """Return what an organiser judges: the person's values, and the proposal's words, proposer and time."""
        row = db.session.get_one(ProposedRefusal, person.id)
        return {**actions.shown_of(person), "words": row.words, "by": row.proposed_by, "at": row.proposed_at}

    def those_proposed(self) -> list[Registration]:
        proposed = set(db.session.scalars(select(ProposedRefusal.registration_id)))
        return [one for one in self.those_in_review() if one.id in proposed]

    def draw_from(self, data, people) -> Registration:
        known = {one.id: one for one in people}
        return known[data.draw(st.sampled_from(sorted(known)))]

    @invariant()
    def no_proposed_refusal_outlives_its_review(self):
        people = select(Registration).join(ProposedRefusal)
        assert [one.id for one in db.session.scalars(people) if not one.is_in_review] == []
