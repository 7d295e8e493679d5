"""The actions of the state machine in which a contact registers several people, and manages one of them."""

from itertools import count

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from forum.database import start_write
from forum.delegations import adding, admitting, asking, contact_acts, contact_links, correcting, queries
from forum.delegations.asking import Contact, Person
from forum.delegations.enums import ADMITTED, ContactLink, DelegateState, Prospect
from forum.delegations.errors import CannotBeAdded, NotAllFit
from forum.delegations.models import Delegate, Delegation
from forum.events.enums import SectorPolicy
from forum.events.queries import find_sector
from forum.extensions import db
from forum.registration import actions, places
from forum.registration.enums import APPROVED, Status
from forum.registration.errors import RegistrationRefused
from forum.registration.queries import count_forms

NUMBERS = count(1)
WITH_OWN_ADDRESS = st.lists(st.booleans(), min_size=2, max_size=4)


class Delegating:
    """Mixin of the state machine `tests.registration.test_state_machine.Registrations`: acts of contacts."""

    @precondition(lambda self: self.now < self.event.closes_at)
    @rule(
        key=st.sampled_from(("tech", "ngo", "other")),
        organisation=st.sampled_from(("Alfa AB", "Beta")),
        own=WITH_OWN_ADDRESS,
        everybody=st.booleans(),
    )
    def a_contact_registers_several_people(self, key, organisation, own, everybody):
        """Confirm a delegation: a refusal changes nothing, and names rightly how many people would get a place."""
        token = self.send_the_form(key, organisation, own)
        if token is None:
            return
        before, taken = len(self.everybody()), self.event.taken
        start_write(db.session)
        try:
            delegation = admitting.confirm(token, is_all_or_nobody=everybody, now=self.now)
            db.session.commit()
            free = None
        except NotAllFit as refused:
            db.session.rollback()
            free = refused.free
            assert everybody
            # Before the refusal, free places were offered to the waiting list; these offers are rolled back, too.
            assert (len(self.everybody()), self.event.taken) == (before, taken)
            start_write(db.session)
            delegation = admitting.confirm(token, is_all_or_nobody=False, now=self.now)
            db.session.commit()
        people = [one.registration for one in delegation.people if one.registration]
        left_out = [one for one in delegation.people if one.state == DelegateState.LEFT_OUT]
        assert len(people) + len(left_out) == len(own)
        assert not left_out or not self.event.has_waiting_list or self.now >= self.last_offer_at
        placed = sum(one.holds_place for one in people)
        if delegation.sector.policy == SectorPolicy.OPEN and everybody:
            assert placed == (len(own) if free is None else free)
        elif delegation.sector.policy != SectorPolicy.OPEN:
            assert placed == 0

    def send_the_form(self, key, organisation, own) -> str | None:
        """Send a contact's form; return the token of the link to confirm it, or None if the sector accepts nobody."""
        number = next(NUMBERS)
        contact = Contact("Kim", "", f"contact{number}@example.org", organisation, "SE", "en")
        people = [
            Person("Bo", f"Ek {number}", "", f"delegate{number}-{one}@example.org" if has_own else "")
            for one, has_own in enumerate(own)
        ]
        start_write(db.session)
        try:
            places.lock(self.event)
            told = {"is_all_or_nobody": False, "form_key": f"delegation {number}", "now": self.now}
            asking.ask(self.event, find_sector(self.event, key), contact, people, **told)
        except RegistrationRefused:
            db.session.rollback()
            return None
        asked = queries.find_form(f"delegation {number}")
        token = contact_links.issue(asked, ContactLink.CONFIRM, now=self.now)
        db.session.commit()
        return token

    @precondition(lambda self: self.now < self.event.ends_at and self.delegates(*APPROVED, Status.IN_REVIEW))
    @rule(data=st.data())
    def a_contact_lets_somebody_else_come(self, data):
        """Replace a person by somebody without an address: no counter changes."""
        one = data.draw(st.sampled_from(self.delegates(*APPROVED, Status.IN_REVIEW)))
        before, taken = one.registration, self.event.taken
        status, holds = before.status, before.holds_place
        if not self.do(contact_acts.let_come_instead, one, Person("Flo", "", "")):
            return
        db.session.refresh(one)
        new = one.registration
        if holds:
            self.had_place |= {(new.id, new.organisation_key, new.sector_id)}
        assert (before.status, self.event.taken) == (Status.CANCELLED, taken)
        assert (new.status, new.holds_place) == (Status.CONFIRMED if holds else status, holds)

    @precondition(lambda self: self.now < self.event.ends_at and self.delegates(Status.PENDING, *APPROVED))
    @rule(data=st.data())
    def a_contact_withdraws_somebody(self, data):
        one = data.draw(st.sampled_from(self.delegates(Status.PENDING, *APPROVED)))
        status, told = one.registration.status, self.now
        if self.do(contact_acts.withdraw, one):
            assert one.registration.status == Status.CANCELLED
            self.ended_from[one.registration.id] = (status, told)

    def delegates(self, *statuses) -> list[Delegate]:
        """Return the people of delegations who have one of these statuses."""
        people = db.session.query(Delegate).join(Delegation).order_by(Delegate.id)
        return [one for one in people if one.registration and one.registration.status in statuses]


class ChangingDelegations:
    """Mixin of the state machine `tests.registration.test_state_machine.Everything`: acts that change a delegation."""

    @precondition(lambda self: self.now < self.event.closes_at)
    @rule(data=st.data(), has_own=st.booleans())
    def a_contact_adds_a_person(self, data, has_own):
        """Add a person later: what the page has foretold happens, or nobody is registered."""
        if not self.delegations():
            self.a_contact_registers_several_people("tech", "Alfa AB", [True, False], everybody=False)
        if not (known := self.delegations()):
            return
        delegation = data.draw(st.sampled_from(known))
        number, before = next(NUMBERS), len(self.everybody())
        email = f"added{number}@example.com" if has_own else ""
        start_write(db.session)
        adding.lock(delegation, now=self.now)
        taken, prospect = self.event.taken, adding.foresee(delegation, self.now)
        try:
            added = adding.add(delegation, Person("Bo", f"Ny {number}", "", email), now=self.now)
            db.session.commit()
        except CannotBeAdded:
            db.session.rollback()
            added = None
        if added is None:
            # Locking the event has offered free places to the waiting list; these offers are rolled back, too.
            assert (prospect in ADMITTED, len(self.everybody())) == (False, before)
            return
        person, has_place = added.registration, prospect == Prospect.PLACE
        assert (person.holds_place, self.event.taken) == (has_place, taken + has_place)
        came = {
            Prospect.PLACE: Status.CONFIRMED,
            Prospect.WAITS: Status.WAITING,
            Prospect.REVIEW: Status.IN_REVIEW,
        }
        assert person.status == (Status.PENDING if has_own else came[prospect])

    @precondition(lambda self: self.now < self.event.closes_at)
    @rule(
        data=st.data(), whose=st.sampled_from(("nobody's", "nobody's", "somebody's")), confirms=st.booleans()
    )
    def a_contact_corrects_an_address(self, data, whose, confirms):
        """Correct the address of an unconfirmed person: the place stays held, the registration with the old one ends.

        An ended registration stays unchanged, and so does one if the owner of its address has sent a form for it.
        """
        if not self.correctable():
            self.a_contact_registers_several_people("ngo", "Gamma", [True, True], everybody=False)
        if not (known_people := self.correctable()):
            return
        one = data.draw(st.sampled_from(known_people))
        before, taken = one.registration, self.event.taken
        stays = before is not None and (not before.is_live or count_forms(before) > 0)
        was = before and (before.status, before.holds_place)
        held = one.bare_hold is not None or (before is not None and before.holds_place and not stays)
        mine = [each.registration for each in one.delegation.people]
        others = [other for other in self.those_who_are(Status.CONFIRMED) if other not in mine]
        # Leave out addresses that the delegation has already, such as one from an earlier correction.
        named = {each.email for each in one.delegation.people}
        known = [other.email for other in others if whose == "somebody's" and other.email not in named]
        email = known[0] if known else f"corrected{next(NUMBERS)}@example.com"
        if not self.do(correcting.correct, one, email):
            return
        db.session.refresh(one)
        new = one.registration
        if before is not None:
            gone = (Status.EXPIRED, False)
            assert (before.status, before.holds_place) == (was if stays else gone)
        if known:
            assert (new, one.state) == (None, DelegateState.ASKED)
            assert not held or (one.bare_hold is not None and self.event.taken == taken)
            return
        assert (new.status, new.email) == (Status.PENDING, email)
        if held:
            self.had_place |= {(new.id, new.organisation_key, new.sector_id)}
            assert (new.holds_place, self.event.taken) == (True, taken)
        if confirms and self.do(actions.confirm, new) and held:
            assert (new.status, new.holds_place) == (Status.CONFIRMED, True)

    @precondition(lambda self: self.now < self.event.ends_at and self.bare_holds())
    @rule(data=st.data())
    def a_contact_withdraws_somebody_with_a_registered_address(self, data):
        """Withdraw a person without a registration in the delegation: the place that was held for them is free."""
        people = db.session.query(Delegate).filter(Delegate.bare_hold_id.is_not(None)).order_by(Delegate.id)
        if not (known := people.all()):
            return
        one = data.draw(st.sampled_from(known))
        number, before = one.bare_hold_id, len(self.bare_holds())
        if self.do(contact_acts.withdraw, one):
            left = [hold.id for hold in self.bare_holds()]
            assert (len(left), number in left) == (before - 1, False)

    def delegations(self) -> list[Delegation]:
        known = db.session.query(Delegation).filter(Delegation.confirmed_at.is_not(None))
        return known.order_by(Delegation.id).all()

    def correctable(self) -> list[Delegate]:
        people = db.session.query(Delegate).join(Delegation).order_by(Delegate.id)
        return [one for one in people if correcting.can_correct(one, self.now)]
