"""The actions of the state machine about invitations and the places that they hold."""

from collections import Counter
from datetime import timedelta

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule
from sqlalchemy import select

from forum.database import start_write
from forum.extensions import db
from forum.invitations import actions, answering, forwarding
from forum.invitations.actions import Invitee, Terms
from forum.invitations.enums import InvitationState
from forum.invitations.errors import AlreadyRegistered, NoPlaceToHold, NotOpen
from forum.invitations.forwarding import Colleague
from forum.invitations.models import Invitation
from forum.registration import expiry
from forum.registration.bare_hold_models import BareHold
from forum.registration.enums import Status
from forum.registration.errors import SectorFull
from tests.factories.registrations import make_applicant
from tests.registration.answering import answers_of, newest

OPEN = InvitationState.OPEN


class Inviting:
    """Mixin of the state machine `tests.registration.test_state_machine.Registrations`: acts about invitations."""

    @precondition(lambda self: self.now < self.event.ends_at)
    @rule(
        number=st.integers(0, 2),
        organisation=st.sampled_from(("Alfa AB", "Beta")),
        hours=st.sampled_from((2, 14, 50, 24 * 12)),
        holds=st.sampled_from((True, True, False)),
    )
    def organisers_invite_somebody(self, number, organisation, hours, holds):
        """Invite a person, mostly with a held place; refused if no place is free after offers to waiting people."""
        self.organisers_invite(number, organisation, hours, holds=holds)

    def organisers_invite(self, number, organisation, hours, *, holds) -> None:
        sector, email = self.event.sectors[number], make_applicant().email
        invitee = Invitee("Kim", "", email, organisation, "en", "")
        terms = Terms(
            min(self.now + timedelta(hours=hours), self.event.ends_at), holds_place=holds, may_forward=True
        )
        had = self.event.taken
        if self.act(actions.invite, self.event, sector, invitee, terms, user_id=self.organiser):
            assert self.event.taken >= had + holds

    @precondition(lambda self: self.open_invitations())
    @rule(data=st.data(), changes_name=st.booleans())
    def somebody_says_yes(self, data, changes_name):
        invitation, told = self.pick_invitation(data), answers_of(next(self.forms))
        was_held, taken = invitation.holds_place, self.event.taken
        name = "Someone" if changes_name else invitation.given_name
        who = {"given_name": name, "family_name": "", "organisation": invitation.organisation}
        applicant = make_applicant(email=invitation.email, given=told, **who)
        if not self.act(answering.accept, invitation, applicant):
            return
        person = invitation.registration
        self.told[person.id] = told
        assert (invitation.state, invitation.holds_place) == (InvitationState.YES, False)
        if was_held:
            self.promised.add(person.id)
            assert (person.status, person.holds_place) == (Status.CONFIRMED, True)
            assert self.event.taken == taken
            # A name that organisers have not seen is reviewed: a changed one, or that of a colleague to whom the
            # invitation was forwarded.
            is_new = changes_name or invitation.from_colleague
            assert person.is_in_review == (is_new and person.sector.policy == "review")

    @precondition(lambda self: self.open_invitations())
    @rule(data=st.data(), is_withdrawn=st.booleans())
    def an_invitation_is_declined_or_withdrawn(self, data, is_withdrawn):
        invitation = self.pick_invitation(data)
        if is_withdrawn:
            self.act(actions.withdraw, invitation, actor="user:1")
            assert invitation.state == InvitationState.WITHDRAWN
        else:
            self.act(answering.decline, invitation, "Travelling")

    @precondition(lambda self: self.now < self.event.closes_at and self.open_invitations())
    @rule(data=st.data(), sector=st.sampled_from(("tech", "ngo", "other")))
    def somebody_invited_uses_the_form(self, data, sector):
        """Register without the link: confirming answers the invitation, and its held place is used or becomes free."""
        invitation = self.pick_invitation(data)
        typed = self.ask_for_a_place((sector, invitation.organisation), email=invitation.email)
        if typed is None or invitation.expires_at <= self.now:
            return
        is_used = invitation.holds_place and invitation.sector is typed.sector and not typed.holds_place
        if is_used:
            self.promised.add(typed.id)
        self.confirm(typed, newest(typed))
        if typed.confirmed_at is None:
            self.promised.discard(typed.id)
            return
        assert (invitation.state, invitation.registration) == (InvitationState.YES, typed)
        assert not is_used or (typed.status, typed.holds_place) == (Status.CONFIRMED, True)

    @precondition(lambda self: any(one.may_forward for one in self.open_invitations()))
    @rule(data=st.data(), whom=st.sampled_from(("somebody new", "somebody new", "invited", "registered")))
    def somebody_lets_a_colleague_come(self, data, whom):
        """Forward an invitation, mostly to a new person: the held place passes on, or is free if nobody needs it."""
        mine = {one.id: one for one in self.open_invitations() if one.may_forward}
        invitation = mine[data.draw(st.sampled_from(sorted(mine)))]
        was_held, taken, reserved = invitation.holds_place, self.event.taken, invitation.sector.reserved
        known = {
            "somebody new": [],
            "invited": [one.email for one in self.open_invitations() if one is not invitation],
            "registered": [one.email for one in self.those_who_are(Status.CONFIRMED)],
        }[whom]
        email = data.draw(st.sampled_from(sorted(known))) if known else make_applicant().email
        if not self.act(forwarding.forward, invitation, Colleague("Kari", "", email, "Beta", "en")):
            return
        assert (invitation.state, invitation.holds_place) == (InvitationState.FORWARDED, False)
        if not known:
            colleagues = invitation.forwarded_to
            assert (colleagues.state, colleagues.holds_place, colleagues.may_forward) == (
                OPEN,
                was_held,
                False,
            )
            assert not was_held or (self.event.taken, invitation.sector.reserved) == (taken, reserved)

    @precondition(lambda self: self.ended_invitations())
    @rule(data=st.data(), act=st.sampled_from(("yes", "no", "withdraw", "pass on")))
    def an_invitation_that_has_ended_is_used_again(self, data, act):
        """Press a button of a page that was open when the invitation ended: nothing changes."""
        ended = {one.id: one for one in self.ended_invitations()}
        invitation = ended[data.draw(st.sampled_from(sorted(ended)))]
        applicant = make_applicant(email=invitation.email, given=answers_of(0))
        acts = {
            "yes": (answering.accept, (invitation, applicant), {}),
            "no": (answering.decline, (invitation, ""), {}),
            "pass on": (forwarding.forward, (invitation, Colleague("Kari", "", "new@x.org", "", "en")), {}),
            "withdraw": (actions.withdraw, (invitation,), {"actor": "user:1"}),
        }
        rule_, args, kwargs = acts[act]
        assert not self.act(rule_, *args, **kwargs)

    def run_the_worker(self, *, now) -> None:
        """Expire what is past its deadline: registrations, then invitations, each in a transaction of its own."""
        expiry.expire_due(now=now)
        for number in actions.list_due(now=now):
            actions.expire(number, now=now)

    def act(self, act, *args, **kwargs) -> bool:
        """Call the action, or check that a refusal is justified; return whether the action was done."""
        start_write(db.session)
        try:
            act(*args, now=self.now, **kwargs)
            db.session.commit()
            return True
        except NoPlaceToHold:
            db.session.rollback()
        except NotOpen:
            invitation = args[0]
            db.session.rollback()
            assert invitation.state != OPEN or invitation.expires_at <= self.now
        except AlreadyRegistered:
            db.session.rollback()
            raise AssertionError("each address is new") from None
        except SectorFull:
            db.session.rollback()
            assert not self.event.has_waiting_list or self.now >= self.last_offer_at
        return False

    def open_invitations(self) -> list[Invitation]:
        return self.invitations_that(Invitation.state == OPEN)

    def ended_invitations(self) -> list[Invitation]:
        return self.invitations_that(Invitation.state != OPEN)

    def invitations_that(self, condition) -> list[Invitation]:
        return list(db.session.scalars(select(Invitation).where(condition).order_by(Invitation.id)))

    def pick_invitation(self, data) -> Invitation:
        known = {one.id: one for one in self.open_invitations()}
        return known[data.draw(st.sampled_from(sorted(known)))]

    def places_reserved(self) -> Counter[int]:
        """Return by sector id how many places are held for people without a registration, counted row by row."""
        held = Counter(one.sector_id for one in self.open_invitations() if one.holds_place)
        held += Counter(hold.sector_id for hold in self.bare_holds())
        assert {one.id: one.reserved for one in self.event.sectors} == {
            one.id: held[one.id] for one in self.event.sectors
        }
        return held

    def bare_holds(self) -> list[BareHold]:
        return list(db.session.scalars(select(BareHold).order_by(BareHold.id)))

    def newly_held(self) -> set:
        """Return the sectors that hold places for more invited people than before this step."""
        now = Counter(one.sector_id for one in self.open_invitations() if one.holds_place)
        new, self.held_before = now - self.held_before, now
        return {one for one in self.event.sectors if new[one.id]}

    def each_invitation_ends_once_and_in_time(self) -> None:
        for one in self.invitations_that(True):
            assert (one.state == OPEN) == (one.ended_at is None)
            assert (one.state == InvitationState.YES) == (one.registration_id is not None)
            assert not self.is_tended or one.state != OPEN or one.expires_at > self.now
