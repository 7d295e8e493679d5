"""Random sequences of acts by people, organisers and time: places, waiting list and mails always agree.

This module states the rules for places a second time, in another way than the code, and checks them after every step.
"""

from collections import Counter
from dataclasses import replace
from datetime import datetime, timedelta
from inspect import Parameter, isfunction, signature
from types import SimpleNamespace

import pytest
from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy import select, text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import SessionTransaction

from forum.accounts.models import User
from forum.audit import actions as audit
from forum.database import start_write
from forum.delegations import adding, admitting, contact_acts, correcting, substituting
from forum.delegations.enums import Prospect
from forum.delegations.errors import NotTheirs
from forum.delegations.named import is_forgotten
from forum.events import freezing
from forum.events import queries as events
from forum.events.enums import LineOrder, SectorPolicy
from forum.events.freezing import AnswersFrozen
from forum.events.models import Event
from forum.extensions import db
from forum.invitations import actions as inviting
from forum.invitations import answering
from forum.invitations import queries as invitation_queries
from forum.organisations import actions as organisations
from forum.organisations import merging
from forum.organisations import queries as organisation_queries
from forum.organisations.actions import Written
from forum.organisations.errors import MarkTaken
from forum.outbox.models import OutboxMessage
from forum.registration import (
    actions,
    answers,
    belonging,
    caps,
    deadlines,
    declining,
    given,
    line,
    mails,
    moving,
    new_address,
    offers,
    offers_by_hand,
    places,
    readers,
    reinstating,
    reviewing,
    separating,
    sharing,
    uniting,
    waiting_list,
)
from forum.registration.applicant import CHANGEABLE, Details
from forum.registration.enums import LIVE, DeclineReason, OfferEnd, Status
from forum.registration.errors import (
    CannotBeUndone,
    CapacityBelowTaken,
    DeadlineRefused,
    NoPlaceFree,
    NoPlaceThere,
    NothingOffered,
    NotLive,
    OrganisationFull,
    SectorClosed,
    SectorFull,
    SeveralForms,
    SharesDoNotFit,
    WouldBeOfferedAgain,
)
from forum.registration.models import Registration
from forum.registration.offer_models import Offer
from forum.registration.reviewing import Refusal
from forum.review import actions as deciding
from forum.review import endings, rounds
from forum.review import queries as reviews
from tests.delegations.delegating_acts import ChangingDelegations, Delegating
from tests.delegations.substituting_acts import REPLACEABLE, Substituting
from tests.factories.events import NOW, make_event, make_sector
from tests.factories.mails import mark_all_sent
from tests.factories.registrations import change_capacity, register
from tests.factories.saving import save
from tests.invitations.inviting_acts import Inviting
from tests.registration.answering import Answering, answers_of, newest
from tests.registration.editing_acts import Editing
from tests.registration.freezing_acts import Freezing
from tests.registration.listed_rules import Listed
from tests.registration.reading import newest_mail
from tests.registration.uniting_acts import Uniting
from tests.review.deciding_acts import Deciding

# The most Hypothesis searches, each with a seed of its own, that look for a planted mistake before its test fails.
SEARCHES = 300
# The planted mistakes that `make test` looks for; `make test-slow` looks for all others.
IN_SHORT = {"kept_for", "offer_free_places"}
SECTORS = ("tech", "ngo", "other")
ORGANISATIONS = ("Alfa AB", "Beta", "Gamma")
PEOPLE = st.tuples(st.sampled_from(("tech", "ngo", "tech", "ngo", "other")), st.sampled_from(ORGANISATIONS))
# Hours to move the clock; None moves the clock to two hours before the moment from which no place is offered any more.
HOURS = st.sampled_from((1, 1, 1, 13, 13, 49, 74, 24 * 6, None))
WHO = st.sampled_from(("person", "user:1"))
SMALL = st.integers(min_value=0, max_value=6)
IN_LINE = (Status.WAITING, Status.OFFERED)
OF_CHANGES = ("change-in-review", "change-approved", "change-review-ended", "substitute-in-review")
OF_RETURNS = ("reinstated", "merged", "merge-undone")
# Kinds of mails other than those about the registration's status.
BESIDE = (
    *("already-registered", "substitute-asked", "substitute-registered"),
    *("new-address", "address-leaving"),
)
# Acts that the freeze refuses and that only people and contacts do. Of other acts the argument `actor` tells who acts.
FROZEN = (substituting.ask, substituting.confirm, contact_acts.let_come_instead, correcting.correct)
LAST_MAIL = {  # the kinds that a registration's newest mail may have, by status
    Status.PENDING: {"received", "received-without-place"},
    Status.IN_REVIEW: {"in-review", *OF_RETURNS},
    Status.WAITING: {"waiting", "offer-withdrawn", "approved-waiting", *OF_RETURNS, *OF_CHANGES},
    Status.OFFERED: {"offered", "offer-reminder", "offer-extended", *OF_RETURNS, *OF_CHANGES},
    Status.CONFIRMED: {"confirmed", "approved", *OF_RETURNS, *OF_CHANGES},
    Status.CANCELLED: {"cancelled", "offer-declined", "substituted", "merged"},
    Status.DECLINED: {"declined"},
    Status.EXPIRED: {"received", "received-without-place", "offer-lapsed"},
}


class Registrations(Answering, Inviting, Listed, Substituting, Delegating, Uniting, RuleBasedStateMachine):
    """A sequence of acts on one event with a handful of places, from its opening to after its start."""

    def __init__(self):
        super().__init__()
        self.now = NOW
        sectors = [
            make_sector("tech", floor=1, ceiling=3),
            make_sector("ngo", ceiling=4),
            make_sector("other", floor=1, ceiling=2, policy=SectorPolicy.REVIEW),
        ]
        days = {"release_at": 3, "closes_at": 8, "starts_at": 10, "ends_at": 11}
        moments = {name: NOW + timedelta(days=number) for name, number in days.items()}
        rules = {"organisation_cap": 2, "offer_cutoff_hours": 24, "review_days": 3}
        self.event = make_event(capacity=4, sectors=sectors, **rules, **moments)
        self.begin_asking()
        self.begin_listing()
        self.organiser = save(User(email="o@example.org", name="O", password_hash="", created_at=NOW)).id
        self.had_place: set[tuple[int, str, int]] = set()
        self.awaited: set[int] = set()
        # status and time of cancelled registrations before the cancellation
        self.ended_from: dict[int, tuple[Status, datetime]] = {}
        self.before = {}
        self.returned: set[int] = set()  # registrations whose cancellation was undone
        # people to whom an organiser has offered a place out of turn in this step
        self.chosen: set[int] = set()
        self.was_open: dict[int, datetime] = {}  # the deadlines of the offers that were open before this step
        self.held_before = Counter()  # the places held for invited people before this step, by sector id
        self.promised: set[int] = set()  # people who got the place that their invitation held
        # For each change of organisation that began a review: when it began, and the organisation before the change.
        self.changed_from: dict[int, tuple[datetime, str]] = {}
        self.written: dict[str, Written] = {}  # organisations that organisers have added, by name
        # For each merged organisation: the one it was merged into, and that one's cap before and after the merge.
        self.merged: dict[str, tuple[str, int | None, int | None]] = {}
        self.is_tended = True  # whether the worker has run since the clock was moved
        self.people: list[Registration] = []  # everybody, as read in the transaction `read_in`
        self.read_in: SessionTransaction | None = None

    def teardown(self):
        """Empty the tables for the next sequence of acts."""
        start_write(db.session)
        tables = (
            "organisations",
            "invitations",
            "outbox_messages",
            "offers",
            "registrations",
            "questions",
            "sectors",
            "events",
            "users",
        )
        for table in tables:
            db.session.execute(text(f"DELETE FROM {table}"))  # noqa: S608 - table names of the list above
        db.session.commit()
        db.session.expunge_all()

    # Acts of the state machine: what people do

    @initialize(people=st.lists(PEOPLE, min_size=4, max_size=9), hours=st.sampled_from((2, 50, 24 * 12)))
    def the_first_come(self, people, hours):
        """Register more people than there are places; each gets a held place while one is free."""
        self.organisers_invite(0, "Alfa AB", hours, holds=True)
        for person in people:
            self.somebody_registers_and_confirms(person)

    @precondition(lambda self: self.now < self.event.closes_at)
    @rule(person=PEOPLE)
    def somebody_registers(self, person):
        self.ask_for_a_place(person)

    @precondition(lambda self: self.now < self.event.closes_at)
    @rule(person=PEOPLE)
    def somebody_registers_and_confirms(self, person):
        if (registration := self.ask_for_a_place(person)) is not None:
            self.confirm(registration, newest(registration))

    @precondition(lambda self: self.now < self.event.closes_at)
    @rule(person=PEOPLE, organisation=st.sampled_from(ORGANISATIONS))
    def somebody_confirms_after_organisers_changed_the_form(self, person, organisation):
        if (registration := self.ask_for_a_place(person)) is not None:
            self.change_organisation(registration, organisation)
            self.confirm(registration, newest(registration))

    @precondition(lambda self: self.now < self.event.closes_at and self.those_who_are(*LIVE))
    @rule(data=st.data(), sector=st.sampled_from(SECTORS))
    def somebody_registers_again(self, data, sector):
        known = self.pick(data, *LIVE)
        again = self.ask_for_a_place((sector, known.organisation), email=known.email.upper())
        assert again is None or again.id == known.id
        self.again.add(known.id)

    @precondition(lambda self: self.those_who_are(Status.OFFERED))
    @rule(data=st.data())
    def somebody_accepts(self, data):
        self.do(actions.accept_offer, self.pick(data, Status.OFFERED))

    @precondition(lambda self: self.those_who_are(Status.OFFERED))
    @rule(data=st.data())
    def somebody_declines(self, data):
        self.do(declining.decline, self.pick(data, Status.OFFERED))

    @precondition(lambda self: self.those_who_are(*LIVE))
    @rule(data=st.data())
    def somebody_cancels(self, data):
        person = self.pick(data, *LIVE)
        was = person.status
        if self.do(actions.cancel, person, actor="person"):
            self.ended_from[person.id] = (was, self.now)

    @precondition(lambda self: self.those_who_are(*LIVE))
    @rule(data=st.data(), organisation=st.sampled_from(ORGANISATIONS))
    def somebody_changes_organisation(self, data, organisation):
        self.change_organisation(self.pick(data, *LIVE), organisation)

    @precondition(lambda self: self.now < self.event.ends_at and self.those_who_are(*REPLACEABLE))
    @rule(data=st.data(), domain=st.sampled_from(("example.org", "example.net")))
    def somebody_confirms_a_new_address(self, data, domain):
        """Confirm a new address, at the people's domain, which an organisation may have, or at one that nobody has."""
        person = self.pick(data, *REPLACEABLE)
        if self.do(new_address.ask, person, f"new{next(self.forms)}@{domain}", actor="person"):
            address = newest_mail(person, "new-address").address
            self.do(new_address.confirm, address.rpartition("/")[2])

    @precondition(lambda self: self.those_approved())
    @rule(data=st.data(), organisation=st.sampled_from(ORGANISATIONS))
    def somebody_approved_changes_organisation(self, data, organisation):
        people = {one.id: one for one in self.those_approved()}
        self.change_organisation(people[data.draw(st.sampled_from(sorted(people)))], organisation)

    def change_organisation(self, person, organisation):
        """Change it as the person does: once approved, this begins a review, and putting it back ends that review."""
        was, began = (person.organisation, person.holds_place), person.review_since
        is_approved = person.status in (Status.WAITING, Status.OFFERED, Status.CONFIRMED)
        answers = {name: getattr(person, name) for name in CHANGEABLE}
        details = Details(**{**answers, "organisation": organisation})
        self.do(actions.change, person, details, actor="person")
        if person.organisation != was[0] and is_approved and person.sector.policy == SectorPolicy.REVIEW:
            is_put_back = began is not None and self.changed_from.get(person.id) == (began, organisation)
            assert (person.review_since is None) == is_put_back
            assert person.holds_place >= was[1]
            if began is None:
                self.changed_from[person.id] = (person.review_since, was[0])

    @precondition(lambda self: self.now < self.event.ends_at and self.those_who_are(*LIVE))
    @rule(
        data=st.data(),
        key=st.sampled_from(SECTORS),
        who=st.sampled_from(("person", "user:1")),
        may_wait=st.booleans(),
    )
    def somebody_moves_to_another_sector(self, data, key, who, may_wait):
        person, sector = self.pick(data, *LIVE), next(one for one in self.event.sectors if one.key == key)
        before = (person.sector_id, person.holds_place, person.waiting_since)
        if sector not in moving.list_sectors(person, actor=who) or self.now >= self.event.ends_at:
            return
        foreseen = moving.foresee(person, sector, actor=who, now=self.now)
        self.do(moving.move, person, sector, may_wait=may_wait, actor=who)
        if person.sector_id == before[0]:
            assert (person.sector_id, person.holds_place, person.waiting_since) == before
            return
        if foreseen == moving.Outcome.KEEPS_PLACE:
            assert person.holds_place
            assert self.event.taken + self.kept_for_others(sector) <= self.event.capacity
        if foreseen == moving.Outcome.GETS_PLACE and self.is_tended:
            assert person.status == Status.CONFIRMED
        if foreseen == moving.Outcome.JOINS_LINE:
            assert person.status in (*IN_LINE, Status.CONFIRMED)
        assert sector.policy == SectorPolicy.REVIEW or not person.is_in_review
        if foreseen == moving.Outcome.IN_LINE:
            assert person.waiting_since == before[2]
        if person.status == Status.WAITING:
            assert person.waiting_since == person.requested_at

    @precondition(lambda self: self.those_who_are(Status.CANCELLED))
    @rule(data=st.data(), hours=st.sampled_from((0, 25, 49)))
    def an_organiser_undoes_a_cancellation(self, data, hours):
        """Undo a cancellation, some hours later or at once; mostly that is too late, or no place is free."""
        person = self.pick(data, Status.CANCELLED)
        if hours:
            self.time_passes(hours, True)
        was, ended_at = self.ended_from.get(person.id, (Status.PENDING, self.now))
        if self.do(reinstating.reinstate, person, actor="user:1"):
            assert self.now - ended_at < timedelta(days=1)
            came_back = {Status.OFFERED: {Status.WAITING, Status.OFFERED}, Status.WAITING: {*IN_LINE}}
            assert person.status in came_back.get(was, {was})
            self.chosen, self.returned = {person.id}, self.returned | {person.id}

    # Acts of the state machine: time passes

    @rule(hours=HOURS, has_worker=st.sampled_from((True, True, True, False)))
    def time_passes(self, hours, has_worker):
        eve = self.last_offer_at - timedelta(hours=2)
        self.now = max(self.now, eve) if hours is None else self.now + timedelta(hours=hours)
        if has_worker:
            mark_all_sent()
            self.do(self.run_the_worker)
        self.is_tended = has_worker

    # Acts of the state machine: what organisers do

    @precondition(lambda self: self.those_who_are(Status.WAITING))
    @rule(data=st.data(), takes_one_away=st.booleans())
    def an_organiser_offers_by_hand(self, data, takes_one_away):
        """Offer a waiting person a place out of turn, mostly one that another person has an offer of."""
        lucky = self.pick(data, Status.WAITING)
        instead = (
            self.pick(data, Status.OFFERED) if takes_one_away and self.those_who_are(Status.OFFERED) else None
        )
        could = None if instead is None else offers_by_hand.could_follow(lucky, instead, self.now)
        if self.do(
            offers_by_hand.offer, lucky, reason="A speaker", instead_of=instead, user_id=self.organiser
        ):
            self.chosen = {lucky.id}
        elif instead is not None:
            assert not could or self.now >= self.last_offer_at

    @precondition(lambda self: self.those_who_are(Status.OFFERED))
    @rule(data=st.data())
    def an_organiser_withdraws_an_offer(self, data):
        person = self.pick(data, Status.OFFERED)
        if self.do(offers_by_hand.withdraw, person, words="Sorry", user_id=self.organiser):
            assert person.status == Status.WAITING
            self.chosen = {one.id for one in self.everybody()}

    @precondition(lambda self: self.those_who_are(Status.OFFERED))
    @rule(data=st.data(), hours=st.sampled_from((1, 1, 1, 13, 49, -1)))
    def an_organiser_extends_an_offer(self, data, hours):
        """Extend an offer by some hours beyond its deadline."""
        person = self.pick(data, Status.OFFERED)
        until = person.offer_expires_at + timedelta(hours=hours)
        if self.do(offers_by_hand.extend, person, until, user_id=self.organiser):
            assert person.offer_expires_at == until

    @rule(
        data=st.data(),
        what=st.sampled_from(
            ("capacity", "share", "cap", "release", "waiting_list", "order", "cut_off", "policy")
        ),
    )
    def an_organiser_rearranges(self, data, what):
        """Change the setting named by `what`, then offer the places that the change makes free."""
        start_write(db.session)
        places.lock(self.event)
        try:
            getattr(self, f"change_{what}")(data)
            waiting_list.offer_free_places(self.event, now=self.now)
            db.session.commit()
        except (CapacityBelowTaken, SharesDoNotFit):
            db.session.rollback()

    @rule(data=st.data(), name=st.sampled_from(ORGANISATIONS), cap=st.sampled_from((None, 1, 3)))
    def organisers_write_an_organisation_down(self, data, name, cap):
        """Add or change an organisation, with another one's name or the people's domain as its own."""
        aliases = data.draw(st.lists(st.sampled_from(ORGANISATIONS), max_size=2))
        domains = data.draw(st.lists(st.just("example.org"), max_size=1))
        in_sectors = data.draw(st.lists(st.sampled_from((("tech", 1), ("ngo", 2))), max_size=2, unique=True))
        written = Written(
            name, tuple(aliases), tuple(domains), cap=cap, sector_caps=tuple(sorted(in_sectors, reverse=True))
        )
        known = self.written_down()
        if self.do_locked(organisations.store, known.get(name), written):
            self.written[name] = written

    @precondition(lambda self: self.written)
    @rule(data=st.data())
    def organisers_remove_an_organisation(self, data):
        name = data.draw(st.sampled_from(self.standing()))
        assert self.do_locked(organisations.remove, self.written_down()[name])
        for gone in [one for one in self.written if self.stands_as(one) == name]:
            del self.written[gone]
            self.merged.pop(gone, None)

    @precondition(lambda self: len(self.standing()) > 1)
    @rule(data=st.data(), cap=st.sampled_from((None, 1, 3)))
    def organisers_merge_an_organisation_into_another(self, data, cap):
        name, kept = data.draw(st.permutations(self.standing()))[:2]
        known = self.written_down()
        assert self.do_locked(merging.merge, known[name], known[kept], cap)
        self.merged[name] = (kept, self.written[kept].cap, cap)
        self.written[kept] = replace(self.written[kept], cap=cap)

    @precondition(lambda self: self.merged)
    @rule(data=st.data())
    def organisers_undo_a_merge(self, data):
        """Undo any one of the merges, unless the organisation that it kept was merged into another one since."""
        name = data.draw(
            st.sampled_from([one for one, (kept, *_) in self.merged.items() if kept not in self.merged])
        )
        (row,) = [one for one in organisation_queries.list_merges(self.event) if one.merged.name == name]
        live = [one for one in self.everybody() if one.status in LIVE]
        own = [one for one in live if self.stands_as(self.owner_of(one), until=name) == name]
        numbers = organisation_queries.Numbers(len(own), sum(one.holds_place for one in own))
        assert merging.foresee_undoing(self.event, row).numbers == numbers
        assert self.do_locked(merging.undo, row)
        position = list(self.merged).index(name)
        kept, before, after = self.merged.pop(name)
        # The dictionary is in the order of the merges: of several into one organisation, the latest decides which cap
        # applies.
        names = list(self.merged)
        later = [one for one in names[position:] if self.merged[one][0] == kept]
        if later:
            target, was, cap = self.merged[later[0]]
            if was == after:
                self.merged[later[0]] = (target, before, cap)
        elif self.written[kept].cap == after:
            self.written[kept] = replace(self.written[kept], cap=before)

    def written_down(self) -> dict:
        """Return the stored organisations by name, without merged ones."""
        known = {one.name: one for one in organisation_queries.list_all(self.event)}
        assert sorted(known) == self.standing()
        return known

    def standing(self) -> list[str]:
        return sorted(name for name in self.written if name not in self.merged)

    def stands_as(self, name: str, until: str = "") -> str:
        """Follow the merges of an organisation to the one that it now counts as; stop at `until` on the way."""
        while name in self.merged and name != until:
            name = self.merged[name][0]
        return name

    def do_locked(self, act, *args) -> bool:
        """Change an organisation; return False if its name or domain belongs to another organisation already."""
        start_write(db.session)
        places.lock(self.event)
        had = {number for number, *_where in self.had_place}
        try:
            act(self.event, *args, actor="user:1", now=self.now)
            db.session.commit()
        except MarkTaken:
            db.session.rollback()
            return False
        # No registration has changed, but a held place may now count for another organisation, above its cap.
        self.had_place = {pair for pair in places_by_organisation(self.everybody()) if pair[0] in had}
        return True

    @precondition(lambda self: self.those_in_review())
    @rule(data=st.data(), only_with_place=st.booleans())
    def an_organiser_approves(self, data, only_with_place):
        person = self.pick_reviewed(data)
        was = (person.status, person.waiting_since, person.holds_place)
        self.do(reviewing.approve, person, only_with_place=only_with_place, actor="user:1")
        # After the review of a change, the rank on the waiting list and the place stay.
        if was[0] != Status.IN_REVIEW:
            assert (person.status, person.waiting_since, person.holds_place) == was

    @precondition(lambda self: self.those_in_review())
    @rule(data=st.data(), reason=st.sampled_from(DeclineReason))
    def an_organiser_declines(self, data, reason):
        person = self.pick_reviewed(data)
        self.do(reviewing.decline, person, Refusal(reason), actor="user:1")
        assert (person.status, person.holds_place) == (Status.DECLINED, False)

    def change_policy(self, data):
        self.event.sectors[2].policy = data.draw(st.sampled_from((SectorPolicy.REVIEW, SectorPolicy.OPEN)))

    def change_capacity(self, data):
        change_capacity(self.event, data.draw(SMALL))

    def change_share(self, data):
        number, floor, ceiling = data.draw(st.tuples(st.integers(0, 2), SMALL, SMALL))
        sharing.change_share(self.event.sectors[number], floor=min(floor, ceiling), ceiling=ceiling)

    def change_cap(self, data):
        self.event.organisation_cap = data.draw(st.sampled_from((None, 1, 2)))

    def change_release(self, data):
        """Set the time at which places kept for sectors are released: none, a past one, now or a later one."""
        hours = data.draw(st.sampled_from((None, -1, 0, 1, 24 * 6)))
        self.event.release_at = None if hours is None else self.now + timedelta(hours=hours)

    def change_order(self, data):
        self.event.line_order = data.draw(st.sampled_from(LineOrder))

    def change_cut_off(self, data):
        self.event.offer_cutoff_hours = data.draw(st.sampled_from((0, 24, 24 * 4)))

    def change_waiting_list(self, data):
        self.event.has_waiting_list = data.draw(st.booleans())

    # Rules that must hold after every step of the state machine

    @invariant()
    def everything_agrees(self):
        people = self.everybody()
        self.counters_are_the_rows_that_hold_a_place(people)
        self.nothing_is_above_its_limit()
        self.everybody_belongs_where_organisers_have_written(people)
        self.nobody_waits_who_could_have_a_place(people)
        self.who_has_just_got_a_place_could_have_it(people)
        self.nobody_is_passed_by_who_came_later(people)
        self.nobody_is_served_whose_link_to_a_first_address_is_open(people)
        self.the_last_mail_says_how_it_stands(people)
        self.no_offer_outlives_the_cut_off(people)
        self.each_offer_has_a_row_that_says_why_and_how_it_ended(people)
        self.everybody_has_what_they_answered(people)
        self.no_form_is_kept_longer_than_its_link(people)
        self.each_invitation_ends_once_and_in_time()
        self.whoever_is_in_review_is_in_the_queue(people)
        self.everybody_is_told_of_the_lists_that_they_are_on(people)
        self.had_place, self.chosen = places_by_organisation(people), set()
        self.was_open = {one.id: one.offer_expires_at for one in people if one.status == Status.OFFERED}

    def counters_are_the_rows_that_hold_a_place(self, people):
        held = Counter(one.sector_id for one in people if one.holds_place) + self.places_reserved()
        counted = {sector.id: sector.taken for sector in self.event.sectors}
        assert counted == {number: held[number] for number in counted}
        assert self.event.taken == held.total()

    def nothing_is_above_its_limit(self):
        assert 0 <= self.event.taken <= self.event.capacity
        assert all(0 <= sector.taken <= sector.ceiling for sector in self.event.sectors)

    def everybody_belongs_where_organisers_have_written(self, people):
        groups: dict[str, set[str]] = {}
        for one in people:
            groups.setdefault(one.organisation_key, set()).add(self.organisation_of(one))
        assert all(len(names) == 1 for names in groups.values())
        assert len(set().union(*groups.values())) == len(groups)

    def nobody_waits_who_could_have_a_place(self, people):
        if self.is_tended and self.now < self.last_offer_at:
            waiting = [one for one in people if one.status == Status.WAITING]
            served = [one for one in waiting if not self.awaits_an_address(one)]
            assert [one.id for one in served if self.could_have_a_place(one, people)] == []

    def who_has_just_got_a_place_could_have_it(self, people):
        # A person who accepts an invitation gets the place that was held, perhaps since before another floor was
        # raised.
        placed = {one.sector for one in self.newly_placed(people) if one.id not in self.promised}
        for sector in placed | self.newly_held():
            assert self.event.taken + self.kept_for_others(sector) <= self.event.capacity
        # A person may change organisation or sector and keep the place, so look at where each place counts.
        new = {number for number, *_where in places_by_organisation(people) - self.had_place}
        moved = [one for one in people if one.id in new - self.promised]
        caps_of_moved = [(self.cap_of(one), self.places_against(one, people)) for one in moved]
        assert all(cap is None or number <= cap for cap, number in caps_of_moved)

    def nobody_is_passed_by_who_came_later(self, people):
        waiting = [one for one in people if one.status == Status.WAITING and not self.is_capped(one, people)]
        for lucky in self.newly_placed(people):
            line = [one for one in waiting if one.sector_id == lucky.sector_id]
            earlier = [one for one in line if (one.waiting_since, one.id) < (lucky.requested_at, lucky.id)]
            passed = [one.id for one in earlier if not self.may_pass(one, people)]
            assert lucky.id in self.chosen | self.promised or passed == []

    def nobody_is_served_whose_link_to_a_first_address_is_open(self, people):
        lucky = [one for one in self.newly_placed(people) if one.id in self.awaited]
        assert [one.id for one in lucky if self.awaits_an_address(one)] == []
        self.awaited = {
            one.id for one in people if one.status == Status.WAITING and self.awaits_an_address(one)
        }

    def awaits_an_address(self, one) -> bool:
        """Return whether the person has no address, and a link to confirm one that still works."""
        return not one.has_address and new_address.find_asked(one, self.now) is not None

    def may_pass(self, one, people) -> bool:
        """Return whether others may pass this person in line.

        Balance order prefers organisations without a place, and nobody waits for somebody to confirm a first address.
        """
        if self.awaits_an_address(one):
            return True
        bare = [hold for hold in self.bare_holds() if hold.organisation_key == one.organisation_key]
        has_place = places_of_colleagues(one, people) + len(bare) > 0
        return self.event.line_order == LineOrder.BALANCE and has_place

    def the_last_mail_says_how_it_stands(self, people):
        last: dict[int, str] = {}
        columns = (OutboxMessage.registration_id, OutboxMessage.kind, OutboxMessage.status)
        for registration_id, kind, status in db.session.execute(select(*columns).order_by(OutboxMessage.id)):
            # An outdated mail is cancelled, with the status "aborted".
            assert status in ("queued", "sent", "withheld", "aborted")
            if kind not in BESIDE:
                last[registration_id] = kind
        told = [one for one in people if one.has_address]
        assert [one.id for one in told if last[one.id] not in LAST_MAIL[Status(one.status)]] == []

    def no_offer_outlives_the_cut_off(self, people):
        """Check new deadlines only: offers that were open when organisers moved the cut-off keep theirs."""
        offers = {one.id: one.offer_expires_at for one in people if one.status == Status.OFFERED}
        new = [until for number, until in offers.items() if self.was_open.get(number) != until]
        assert all(until <= self.last_offer_at for until in new)
        assert not self.is_tended or all(self.now < until for until in offers.values())

    def each_offer_has_a_row_that_says_why_and_how_it_ended(self, people):
        rows = list(db.session.scalars(select(Offer).order_by(Offer.id)))
        still_open = {row.registration_id: row.expires_at for row in rows if row.ended_at is None}
        offered = {one.id: one.offer_expires_at for one in people if one.status == Status.OFFERED}
        assert still_open == offered
        assert all(row.why["rank"] >= 1 and row.why["because"] for row in rows)
        newest = {row.registration_id: row.ended_how for row in rows}
        ends = {
            Status.WAITING: {OfferEnd.WITHDRAWN, OfferEnd.MOVED, OfferEnd.ACCEPTED},
            Status.IN_REVIEW: {OfferEnd.WITHDRAWN, OfferEnd.MOVED, OfferEnd.ACCEPTED},
            Status.CONFIRMED: {OfferEnd.WITHDRAWN, OfferEnd.MOVED, OfferEnd.ACCEPTED},
            Status.DECLINED: {*OfferEnd} - {OfferEnd.LAPSED, OfferEnd.DECLINED},
            Status.EXPIRED: {OfferEnd.LAPSED},
            Status.CANCELLED: {*OfferEnd} - {OfferEnd.LAPSED},
        }
        statuses = {one.id: one.status for one in people}
        newest = {
            number: how
            for number, how in newest.items()
            if how and not (how == OfferEnd.CANCELLED and number in self.returned)
        }
        assert all(how in ends[statuses[number]] for number, how in newest.items())
        counts = Counter(row.registration_id for row in rows if row.reminded_at)
        reminders = select(OutboxMessage.registration_id).where(OutboxMessage.kind == "offer-reminder")
        assert counts == Counter(db.session.scalars(reminders))

    def whoever_is_in_review_is_in_the_queue(self, people):
        """Check that nobody who waits for a decision is missing from the queue, expired or without a promised day."""
        queue = [one.id for one in reviews.list_undecided(self.event, None)]
        waits = [
            one
            for one in people
            if one.status == Status.IN_REVIEW or (one.status in LIVE and one.review_since)
        ]
        assert sorted(queue) == sorted(one.id for one in waits)
        assert all(one.review_since and one.answer_by for one in waits)
        assert [one.id for one in people if one.status == Status.IN_REVIEW and one.holds_place] == []

    # Helpers of the state machine's acts and rules

    def ask_for_a_place(self, person, **differing) -> Registration | None:
        """Register the person; return None if the sector is closed, or full without a waiting list."""
        sector, organisation = person
        try:
            told = {"organisation": organisation, "given": answers_of(next(self.forms)), **differing}
            return register(self.event, sector, now=self.now, **told)
        except SectorFull:
            db.session.rollback()
            assert not self.event.has_waiting_list or self.now >= self.last_offer_at
            return None
        except SectorClosed:
            db.session.rollback()
            assert [found.ceiling for found in self.event.sectors if found.key == sector] == [0]
            return None

    @property
    def last_offer_at(self) -> datetime:
        """The moment from which no place is offered any more."""
        return self.event.starts_at - timedelta(hours=self.event.offer_cutoff_hours)

    @property
    def is_frozen(self) -> bool:
        """Whether people can no longer change their own answers."""
        return self.event.freezes_at is not None and self.now >= self.event.freezes_at

    def do(self, act, *args, **kwargs) -> bool:
        """Call the action, or check that its refusal is justified, also by the freeze; return whether it was done."""
        is_refused = self.is_frozen and is_of_people(act, kwargs)
        try:
            is_done = self.do_unfrozen(act, *args, **kwargs)
        except AnswersFrozen:
            db.session.rollback()
            assert is_refused
            return False
        assert not (is_done and is_refused)
        return is_done

    def do_unfrozen(self, act, *args, **kwargs) -> bool:
        """Call the action, or check that its refusal is justified; return whether it was done."""
        start_write(db.session)
        try:
            act(*args, now=self.now, **kwargs)
            db.session.commit()
            return True
        except (DeadlineRefused, NoPlaceFree, WouldBeOfferedAgain):
            db.session.rollback()
            assert act in (offers_by_hand.offer, offers_by_hand.extend, offers_by_hand.withdraw)
        except (OrganisationFull, NoPlaceThere, SeveralForms):
            db.session.rollback()
        except CannotBeUndone:
            db.session.rollback()
            assert act in (reinstating.reinstate, separating.separate)
        # The refusal is justified if the person holds no place, none is free and there is no waiting list.
        except SectorFull:
            db.session.rollback()
            assert act in (actions.confirm, reviewing.approve)
            # Refusing an approval is justified once no place is offered any more: the person would wait for nothing.
            if not kwargs.get("only_with_place"):
                is_too_near = act is reviewing.approve and self.now >= self.last_offer_at
                assert is_too_near or not self.event.has_waiting_list
        # A refusal as NotLive or NothingOffered is justified if the time to confirm the address or to accept the offer
        # is over, though the worker has not ended the registration or offer yet.
        except (NotLive, NothingOffered):
            db.session.rollback()
            assert not self.is_tended
        # The refusal is justified if the person's deadline to confirm has been over for a day: from then on the
        # delegation's contact can no longer act for the person.
        except NotTheirs:
            db.session.rollback()
            assert act is contact_acts.withdraw
            assert not self.is_tended
            assert is_forgotten(args[0], self.now)
        return False

    def pick(self, data, *statuses) -> Registration:
        people = {one.id: one for one in self.those_who_are(*statuses)}
        return people[data.draw(st.sampled_from(sorted(people)))]

    def those_approved(self) -> list[Registration]:
        approved = self.those_who_are(Status.WAITING, Status.OFFERED, Status.CONFIRMED)
        return [one for one in approved if one.sector.policy == SectorPolicy.REVIEW]

    def those_in_review(self) -> list[Registration]:
        is_over = self.now >= self.event.ends_at
        return [] if is_over else [one for one in self.everybody() if one.is_in_review]

    def pick_reviewed(self, data) -> Registration:
        people = {one.id: one for one in self.those_in_review()}
        return people[data.draw(st.sampled_from(sorted(people)))]

    def those_who_are(self, *statuses) -> list[Registration]:
        """Return people with these statuses and an address of their own; a contact acts for the others."""
        return [one for one in self.everybody() if one.status in statuses and one.has_address]

    def everybody(self) -> list[Registration]:
        """Return all registrations, read once in a transaction: many preconditions ask for them between two acts.

        Every act commits or rolls back what it has written before anything here asks again.
        """
        transaction = db.session().get_transaction()
        if transaction is None or transaction is not self.read_in:
            self.people = list(db.session.scalars(select(Registration).order_by(Registration.id)))
            self.read_in = db.session().get_transaction()
        return list(self.people)

    def newly_placed(self, people) -> list[Registration]:
        """Return the people who got a place in this step."""
        before = {number for number, *_where in self.had_place}
        return [one for one in people if one.holds_place and one.id not in before]

    def could_have_a_place(self, one, people) -> bool:
        """Return whether the rule of places (docs/architecture.md, Places) gives this registration a place."""
        sector, event = one.sector, self.event
        fits = sector.taken < sector.ceiling and event.taken + self.kept_for_others(sector) < event.capacity
        return fits and not self.is_capped(one, people)

    def kept_for_others(self, sector) -> int:
        if self.event.release_at is not None and self.now >= self.event.release_at:
            return 0
        others = [other for other in self.event.sectors if other is not sector]
        return sum(max(0, other.floor - other.taken) for other in others)

    def organisation_of(self, one) -> str:
        """Return the organisation that a person belongs to, or that into which it was merged."""
        return self.stands_as(self.owner_of(one))

    def owner_of(self, one) -> str:
        """Return the organisation of a person: by the name, else by the mail domain, else the typed name itself."""
        named = [name for name, known in self.written.items() if one.organisation in (name, *known.aliases)]
        domain = one.email_canonical.rpartition("@")[2] if one.has_address else ""
        at_domain = [name for name, known in self.written.items() if domain in known.domains]
        return next(iter((*named, *at_domain)), one.organisation)

    def in_sectors(self, one) -> dict[str, int]:
        """Return by sector key the separate caps of a person's organisation."""
        known = self.written.get(self.organisation_of(one))
        return dict(known.sector_caps) if known else {}

    def cap_of(self, one) -> int | None:
        known = self.written.get(self.organisation_of(one))
        in_all = known.cap if known and known.cap else self.event.organisation_cap
        return self.in_sectors(one).get(one.sector.key, in_all)

    def places_against(self, one, people) -> int:
        """Return how many places of the organisation count against the cap that applies to this person."""
        own, key = self.in_sectors(one), one.sector.key
        colleagues = [other for other in people if other.organisation_key == one.organisation_key]
        counted = [
            other
            for other in colleagues
            if (other.sector.key == key if key in own else other.sector.key not in own)
        ]
        bare = [hold for hold in self.bare_holds() if hold.organisation_key == one.organisation_key]
        sectors = [hold.sector.key for hold in bare]
        against = [there for there in sectors if (there == key if key in own else there not in own)]
        return sum(other.holds_place for other in counted) + len(against)

    def is_capped(self, one, people) -> bool:
        cap = self.cap_of(one)
        return cap is not None and self.places_against(one, people) >= cap


class Everything(Deciding, ChangingDelegations, Editing, Registrations):
    """Sequences with more acts: proposed refusals, changed delegations, organisers' edits, new addresses and a freeze.

    Mistakes in the other rules are searched for without these acts: the fewer acts, the sooner a search finds one.
    """

    def __init__(self):
        super().__init__()
        start_write(db.session)
        self.event.has_second_reviewer = True
        db.session.commit()
        self.begin_deciding()
        self.begin_editing()


class TowardsTheFreeze(Freezing, Everything):
    """Sequences in which many acts come just after the freeze, which sequences of `Everything` seldom reach."""


def is_of_people(act, told) -> bool:
    """Return whether this is a change by a person or a contact, which the freeze refuses."""
    if act in (actions.change, moving.move, new_address.ask):
        return told["actor"] == "person"
    return act in FROZEN


def places_by_organisation(people) -> set[tuple[int, str, int]]:
    return {(one.id, one.organisation_key, one.sector_id) for one in people if one.holds_place}


def places_of_colleagues(one, people) -> int:
    return sum(other.holds_place for other in people if other.organisation_key == one.organisation_key)


def end_without_giving_back(invitation, state, *, now) -> None:
    """End an invitation as `forum.invitations.actions.end` does, but without freeing its place."""
    invitation.state, invitation.ended_at, invitation.holds_place = state, now, False


def find_end_for_organisers(event, *, actor, now) -> datetime | None:
    """Return the end of a link to a new address as if what an organiser enters had to be confirmed before the freeze.

    For a link that a person asks for, the result is that of `forum.registration.new_address.find_early_end`.
    """
    ends = [event.ends_at, *([event.freezes_at] if event.freezes_at else [])]
    return min(ends) if min(ends) < now + deadlines.CONFIRM_TIME else None


def tell_stories(machine=Everything, **differing) -> None:
    told = {"max_examples": 25, "stateful_step_count": 30, "deadline": None, "derandomize": True}
    everything = list(HealthCheck)
    run_state_machine_as_test(
        machine, settings=settings(suppress_health_check=everything, **{**told, **differing})
    )
    db.session.rollback()
    assert audit.verify() is None


def test_no_part_of_the_machine_hides_an_act_of_another():
    """Two actions with one name would be one: only the last one would ever run."""
    ours = TowardsTheFreeze.__mro__[: TowardsTheFreeze.__mro__.index(RuleBasedStateMachine)]
    names = Counter(name for part in ours for name in vars(part) if not name.startswith("__"))
    assert [name for name, number in names.items() if number > 1] == []


@pytest.mark.long
def test_places_line_and_mails_agree_whatever_happens(database):
    """Run fixed sequences of acts for about twenty seconds; the slow part runs more and longer ones."""
    assert database.query(Event).count() == 0
    tell_stories(max_examples=15)


@pytest.mark.slow
@pytest.mark.parametrize(("machine", "number"), [(Everything, 40), (TowardsTheFreeze, 15)])
def test_places_line_and_mails_agree_in_longer_and_newer_stories(make_app, database_url, machine, number):
    """Run new random sequences of acts each time; hypothesis prints how to repeat one that fails.

    A failing sequence is not shortened, which would take minutes: whoever repeats the sequence may add Phase.shrink.
    """
    phases = [Phase.reuse, Phase.generate]
    with make_app(database_url).app_context():
        newer = {"stateful_step_count": 40, "derandomize": False, "phases": phases, "print_blob": True}
        tell_stories(machine, max_examples=number, **newer)


def named(value) -> str:
    """Return what a test's name has for a parameter: the name of the broken rule; nothing for the other parameters."""
    return value if isinstance(value, str) else ""


def mostly_slow(mistakes: list[tuple]) -> list:
    """Return mistakes as parameters: those in IN_SHORT run in `make test`, the others in `make test-slow`."""
    return [pytest.param(*each, marks=() if each[1] in IN_SHORT else pytest.mark.slow) for each in mistakes]


# Each planted mistake: the module or class that has a rule, the rule's name, and what a test puts in the rule's place.
MISTAKES = [
    (places, "kept_for", lambda sector, event, now: 0),
    (caps, "has_room", lambda *_, own=None: True),
    (caps, "own_caps", lambda *_: {}),
    (caps.Held, "against", lambda held, key, _sector: held.in_all(key)),
    (caps, "refuse_if_full", lambda *_: None),
    (belonging, "settle", lambda event: 0),
    (belonging, "_domains", lambda address: iter(())),
    (places, "release", lambda registration: setattr(registration, "holds_place", False)),
    (waiting_list, "offer_free_places", lambda event, *, now, skipped=None: waiting_list.Served()),
    (line, "since", lambda waiter: (-waiter.waiting_since.timestamp(), -waiter.id)),
    (mails, "queue_offered", lambda registration, *, why, now: None),
    (given, "store", lambda registration, told, *, now: None),
    (given, "change", lambda registration, answered, *, now: []),
    (answers, "forget", lambda registration: None),
    (answers, "carry", lambda registration, told: None),
    (offers_by_hand, "_take_away", lambda registration, words, *, user_id, now: None),
    (offers, "end", lambda registration, how, *, now: None),
    (offers, "set_deadline", lambda registration, until, *, now: None),
    (deadlines, "offers_end_at", lambda event: event.starts_at),
    (reviewing, "_takes_place", places.admit),
    (reviewing, "begin_again", lambda registration, changed, *, actor="person", now: None),
    (reinstating, "_takes_place", lambda registration, now: True),
    (reinstating, "UNDO_TIME", timedelta(days=3)),
    (moving, "_foresee_without_review", lambda registration, sector, now: moving.Outcome.AS_IT_IS),
    (reviewing, "reopen", lambda registration, *, kind, now: None),
    (uniting, "_end", lambda registration, now: None),
    (separating, "_give_back", lambda kept, ended, before, now: None),
    (substituting, "_end", lambda registration, before, now: None),
    (places, "hand_over", lambda registration: setattr(registration, "holds_place", True)),
    (places, "give_back", lambda sector: None),
    (places, "reserve", lambda sector, now: places._count(sector, 1, reserved=1)),
    (invitation_queries, "list_due", lambda now: []),
    (inviting, "end", end_without_giving_back),
    (inviting, "waiting_list", SimpleNamespace(offer_free_places=lambda event, *, now, skipped=None: 0)),
    (answering, "waiting_list", SimpleNamespace(offer_free_places=lambda event, *, now, skipped=None: 0)),
    (inviting, "lock_open", lambda invitation, now=None: places.lock(invitation.event)),
    (admitting, "_refuse_unless_all_fit", lambda drafts, sector, sender, now: None),
    (admitting, "has_room", lambda sector, key, now: True),
]
MISTAKES_ABOUT_REFUSALS_AND_DELEGATIONS = [
    (adding, "foresee", lambda delegation, now: Prospect.PLACE),
    (correcting, "_let_go", lambda delegate, before, now: None),
    (endings, "_has_left_review", lambda registration: False),
    (deciding, "shown_with", lambda registration, proposal: {}),
    (rounds, "LEFT", {}),
    (reviewing, "is_taken_back", lambda registration, changed: False),
    (readers, "_steps", lambda entry: {entry.action.partition(".")[2]}),
]
NEVER_FROZEN = SimpleNamespace(refuse_if_frozen=lambda event, now: None)
MISTAKES_ABOUT_THE_FREEZE = [
    (actions, "freezing", NEVER_FROZEN),
    (moving, "freezing", NEVER_FROZEN),
    (substituting, "freezing", NEVER_FROZEN),
    (correcting, "freezing", NEVER_FROZEN),
    # The mistake: the link to a new address that a person has entered still works after the freeze date.
    (new_address, "_is_too_late", lambda registration, change, now: events.is_over(registration.event, now)),
    # The mistake: the link to a new address that organisers have entered ends at the freeze date, like a person's.
    (new_address, "find_early_end", find_end_for_organisers),
    # The mistake: answers are frozen only after the freeze date, not from that moment on.
    (freezing, "is_frozen", lambda event, now: event.freezes_at is not None and now > event.freezes_at),
]
ALL_MISTAKES = MISTAKES + MISTAKES_ABOUT_REFUSALS_AND_DELEGATIONS + MISTAKES_ABOUT_THE_FREEZE
# For mistakes that take long to find, the number of the search that comes first: the quickest one that was measured.
# If it finds the mistake no longer, after a change of the rules or acts, all other searches follow.
FIRST_SEARCHES = {
    (answers, "carry"): 1,
    (substituting, "_end"): 2,
    (places, "hand_over"): 1,
    (line, "since"): 4,
    (places, "give_back"): 5,
    (caps, "refuse_if_full"): 11,
    (moving, "_foresee_without_review"): 7,
    (moving, "freezing"): 6,
    (reviewing, "_takes_place"): 7,
    (reviewing, "begin_again"): 4,
    (reviewing, "reopen"): 2,
    (reinstating, "_takes_place"): 8,
    (reinstating, "UNDO_TIME"): 6,
    (invitation_queries, "list_due"): 2,
    (answering, "waiting_list"): 5,
    (inviting, "lock_open"): 4,
    (admitting, "has_room"): 3,
    (admitting, "_refuse_unless_all_fit"): 3,
}


@pytest.mark.parametrize(("where", "name", "wrong"), ALL_MISTAKES, ids=named)
def test_a_mistake_is_called_as_the_rule_is(where, name, wrong):
    """A mistake that does not take all arguments of its rule cannot be called: it proves nothing about the rule."""
    right = getattr(where, name)
    # A mistake may stand for a module, with the functions that the rule calls.
    instead = vars(wrong).items() if isinstance(wrong, SimpleNamespace) else ()
    for rule_itself, mistake in [(right, wrong), *((getattr(right, each), one) for each, one in instead)]:
        if isfunction(rule_itself):
            takes = signature(rule_itself).parameters.values()
            named_only = [one.name for one in takes if one.kind is Parameter.KEYWORD_ONLY]
            placed = [None] * (len(takes) - len(named_only))
            signature(mistake).bind(*placed, **dict.fromkeys(named_only))


@pytest.mark.long
@pytest.mark.parametrize(("where", "name", "wrong"), mostly_slow(MISTAKES), ids=named)
def test_a_rule_that_is_broken_is_found(database, monkeypatch, where, name, wrong):
    """Control: each of these mistakes in the rules makes a sequence of acts fail; the first failure ends the search."""
    monkeypatch.setattr(where, name, wrong)
    find_a_fault(Registrations, FIRST_SEARCHES.get((where, name), 0))


@pytest.mark.parametrize(
    ("where", "name", "wrong"), mostly_slow(MISTAKES_ABOUT_REFUSALS_AND_DELEGATIONS), ids=named
)
def test_a_rule_about_refusals_or_changed_delegations_that_is_broken_is_found(
    database, monkeypatch, where, name, wrong
):
    """Control: with each of these mistakes a sequence fails that uses acts which only `Everything` has."""
    monkeypatch.setattr(where, name, wrong)
    find_a_fault(Everything, FIRST_SEARCHES.get((where, name), 0))


@pytest.mark.parametrize(("where", "name", "wrong"), mostly_slow(MISTAKES_ABOUT_THE_FREEZE), ids=named)
def test_a_rule_about_the_freeze_that_is_broken_is_found(database, monkeypatch, where, name, wrong):
    """Control: with each of these mistakes a sequence fails that reaches the freeze."""
    monkeypatch.setattr(where, name, wrong)
    find_a_fault(TowardsTheFreeze, FIRST_SEARCHES.get((where, name), 0))


def test_a_search_that_finds_nothing_is_followed_by_all_others(monkeypatch):
    """A number in FIRST_SEARCHES changes the order of the searches for a mistake, never which of them are run."""
    run: list[int] = []
    monkeypatch.setitem(globals(), "seed", lambda number: run.append(number) or (lambda machine: machine))
    monkeypatch.setitem(globals(), "tell_stories", lambda *_machine, **_options: None)
    search(Registrations, 3)
    assert run[:6] == [3, 0, 1, 2, 4, 5]
    assert sorted(run) == [*range(SEARCHES)]


def test_every_first_search_is_for_a_mistake():
    known = {(where, name) for where, name, _wrong in ALL_MISTAKES}
    assert FIRST_SEARCHES.keys() <= known


def find_a_fault(machine, first) -> None:
    """Run random sequences of acts until a step of one fails."""
    with pytest.raises((AssertionError, IntegrityError)):
        search(machine, first)


def search(machine, first: int) -> None:
    """Run sequences of acts, with a new search after every few of them; begin with the search numbered `first`.

    Hypothesis varies the first sequences of a search most: some mistakes for which one search needed two hundred
    sequences are found by new searches within thirty.
    """
    for number in [first, *(number for number in range(SEARCHES) if number != first)]:
        anew = seed(number)(type(machine.__name__, (machine,), {}))
        tell_stories(anew, phases=[Phase.generate], max_examples=6, report_multiple_bugs=False)
