"""Places are as free after a contact has named a registered address as after a new one: nobody learns which (S24)."""

from dataclasses import replace
from datetime import timedelta
from itertools import count

import pytest
from sqlalchemy import update

from forum import clock
from forum.database import start_write
from forum.delegations import adding, contact_acts, correcting, outlasting, queries
from forum.delegations.asking import Person
from forum.delegations.errors import CannotBeAdded
from forum.events.queries import find_sector
from forum.extensions import db
from forum.health import counters
from forum.organisations import actions as organisations
from forum.organisations import queries as organisation_queries
from forum.organisations.actions import Written
from forum.outbox.enums import MessageStatus
from forum.outbox.models import OutboxMessage
from forum.privacy import actions as privacy
from forum.registration import (
    actions,
    expiry,
    held_places,
    intake,
    merging,
    places,
    rings,
    sectors,
    waiting_list,
)
from forum.registration.bare_hold_models import BareHold
from forum.registration.enums import Status
from forum.registration.errors import SectorInUse
from forum.registration.senders import Sender
from tests.delegations.test_delegations import ALONE, CONTACT, registered, states
from tests.factories.events import NOW, make_event, make_sector
from tests.factories.mails import mark_all_sent
from tests.factories.registrations import SILENCED, confirmed, make_applicant, write
from tests.registration.test_same_work import statements

HOUR = timedelta(hours=1)
SENT = {"status": MessageStatus.SENT, "sent_at": NOW, "content": None}
TARGET, DAN = Person("Eva", "Gran", "", "eva@example.org"), Person("Dan", "Falk", "")
# In each world one of these addresses is registered for another sector, and the other one is new.
EVA, OTHER = "eva@example.org", "other@example.org"
WORLDS = ("registered", "new")
NUMBERS = count(1)


@pytest.fixture
def app(make_app, database_url):
    return make_app(database_url, FORM_MIN_SECONDS=0)


@pytest.fixture(autouse=True)
def frozen(database):
    clock.freeze(NOW)


class World:
    """An event with few places in a sector, and the delegation of a contact who names Eva and somebody without address.

    Eva has registered in another sector if the world is called "registered"; else somebody else has.
    """

    def __init__(self, called, *, left=2, filled=0, people=(TARGET, ALONE), **differing):
        name = f"{called}-{next(NUMBERS)}"
        sectors = [make_sector("tech", ceiling=left + filled), make_sector("justice"), make_sector("ngo")]
        self.event = make_event(slug=name, is_current=False, capacity=100, sectors=sectors, **differing)
        self.owner = confirmed(self.event, "justice", email=EVA if called == "registered" else OTHER)
        for _ in range(filled):
            confirmed(self.event, "tech")
        contact = replace(CONTACT, email=f"contact-{name}@example.org")
        self.delegation = registered(self.event, people, key=name, contact=contact)

    @property
    def eva(self):
        return self.delegation.people[0]

    def sector(self, key="tech"):
        return find_sector(self.event, key)

    def add(self, person=DAN, **more):
        """Add a person as the contact's page does; return what the page has foretold, and the status once added."""

        try:
            prospect, one = write(self.lock_and_add, person, now=clock.now(), **more)
        except CannotBeAdded as refusal:
            db.session.rollback()
            return refusal.prospect
        return prospect, one.registration.status if one.registration else one.state

    def lock_and_add(self, person, *, now, **more):
        adding.lock(self.delegation, now=now)
        return adding.foresee(self.delegation, now), adding.add(self.delegation, person, now=now, **more)

    def correct(self, email, **more):
        write(correcting.correct, self.eva, email, now=clock.now(), **more)

    def send_form(self):
        """Send the public form with Eva's address a minute later, as anybody can."""
        clock.freeze(clock.now() + HOUR / 60)

        def send():
            places.lock(self.event)
            intake.register(self.event, self.sector("justice"), make_applicant(email=EVA), now=clock.now())

        write(send)

    def withdraw(self):
        write(contact_acts.withdraw, self.eva, now=clock.now())

    def free(self, key="tech"):
        db.session.expire_all()
        return places.places_left(self.event, clock.now())[self.sector(key).id]

    def pass_time(self, moment):
        clock.freeze(moment)
        write(expiry.expire_due, now=moment)

    def drawn(self):
        """Return the numbers of the public ring."""
        ring = rings.ring_of(self.event, clock.now())
        return ring.taken, ring.held, ring.left

    def others(self):
        """Return the states of the delegation's people other than Eva."""
        return states(self.delegation)[1:]


def alike(tell, **differing):
    """Return what `tell` tells of a world, which has to be the same whether Eva's address is registered or new."""
    told = []
    for called in WORLDS:
        clock.freeze(NOW)
        told.append(tell(World(called, **differing)))
        assert counters.check(clock.now())[0]
    assert told[0] == told[1]
    return told[0]


def test_person_without_an_address_finds_no_place_that_a_registered_address_leaves():
    """The last place goes to Eva, and the next person waits, as if Eva's address were new."""
    assert alike(World.others, left=1) == [Status.WAITING]


@pytest.mark.parametrize(("left", "came"), [(2, Status.WAITING), (3, Status.CONFIRMED)])
def test_person_added_later_reads_and_gets_the_same(left, came):
    prospect, status = alike(World.add, left=left)
    assert (prospect == "place", status) == (came == Status.CONFIRMED, came)


def test_address_corrected_after_somebody_sent_a_form_with_it_leaves_as_many_places():
    """In both worlds the first place stays with whoever the address belongs to, and the corrected one takes another."""

    def tell(world):
        world.send_form()
        world.correct("throwaway@example.com")
        return world.free(), world.add()

    assert alike(tell, left=3) == (0, ("waits", Status.WAITING))


def test_person_with_an_address_who_is_added_keeps_the_place_from_the_next():
    def tell(world):
        world.add(replace(TARGET, given_name="Ida", email=OTHER))
        return world.add()[1], world.free()

    assert alike(tell, left=2, people=(ALONE, replace(ALONE, given_name="Ida")))[0] == Status.WAITING
    assert alike(tell, left=4)[0] == Status.CONFIRMED
    assert alike(tell, left=3)[0] == Status.WAITING


def test_cap_of_the_organisation_counts_a_registered_address_as_a_new_one():
    def tell(world):
        return world.others(), world.add(), world.free()

    assert alike(tell, left=9, organisation_cap=1)[0] == [Status.WAITING]
    assert alike(tell, left=9, organisation_cap=2)[:2] == ([Status.CONFIRMED], ("waits", Status.WAITING))


def test_limit_of_places_for_one_client_counts_a_registered_address_as_a_new_one():
    sender = Sender(client="one", most_held=2)

    def tell(world):
        for number in (1, 2):
            world.add(Person("Ida", "", "", f"ida{number}@example.org"), sender=sender)
        return world.free()

    def tell_of_eva(world):
        world.add(replace(TARGET, email=EVA), sender=sender)
        return tell(world)

    assert alike(tell_of_eva, left=9, people=(ALONE, replace(ALONE, given_name="Ida"))) == 5


def test_corrected_address_holds_the_place_whether_it_is_registered_or_new():
    def tell(world):
        seen = []
        for email in (EVA, "first@example.com", OTHER, "second@example.com"):
            world.correct(email)
            seen.append((world.free(), world.add()))
        return seen

    told = alike(tell, left=2, people=(replace(TARGET, email="wrong@example.org"), ALONE))
    assert told == [(0, ("waits", Status.WAITING))] * 4


def test_corrected_address_takes_the_place_over_in_front_of_the_line():
    def tell(world):
        waiting = confirmed(world.event, "tech")
        world.correct("first@example.com")
        return waiting.status, world.free(), world.delegation.people[0].registration.holds_place

    assert alike(tell) == (Status.WAITING, 0, True)


def test_withdrawing_gives_the_place_to_the_next_in_line():
    def tell(world):
        waiting = confirmed(world.event, "tech")
        world.withdraw()
        return waiting.status, world.free()

    assert alike(tell) == (Status.OFFERED, 0)


@pytest.mark.parametrize(("others", "hours"), [(0, 48), (9, 6)])
def test_place_is_free_again_when_that_of_a_new_address_is(others, hours):
    """A scarce place is held for a shorter time; then the next in line is offered it."""

    def tell(world):
        waiting = confirmed(world.event, "tech")
        mark_all_sent()
        seen = []
        for moment in (hours * HOUR - timedelta(seconds=1), hours * HOUR):
            world.pass_time(NOW + moment)
            seen.append((waiting.status, world.free()))
        return seen

    assert alike(tell, filled=others) == [(Status.WAITING, 0), (Status.OFFERED, 0)]


def test_place_that_is_free_again_is_corrected_as_that_of_a_new_address():
    def tell(world):
        mark_all_sent()
        world.pass_time(NOW + 7 * HOUR)
        before = world.free()
        world.correct("first@example.com")
        return before, world.free()

    assert alike(tell, filled=9) == (1, 0)


@pytest.mark.parametrize("order", [["withdraw"], ["correct", "withdraw"]])
def test_public_numbers_are_alike(order):
    def tell(world):
        drawn = [world.drawn()]
        for act in order:
            world.withdraw() if act == "withdraw" else world.correct(OTHER)
            drawn.append(world.drawn())
        return drawn

    alike(tell, left=5)


def test_rank_of_a_person_whose_address_is_corrected_twice_goes_by_the_first_time():
    """Whoever has confirmed at last stands in line where they would if every earlier address had been new."""

    def tell(world):
        for hours, email in ((1, EVA), (2, OTHER), (3, "new@example.com")):
            clock.freeze(NOW + hours * HOUR)
            if hours == 2:
                confirmed(world.event, "tech", now=clock.now())
            world.correct(email)
        eva = world.eva.registration
        write(actions.confirm, eva, now=clock.now())
        return eva.status, waiting_list.position(eva)

    assert alike(tell, left=0, filled=1, people=(replace(TARGET, email="wrong@example.org"), ALONE)) == (
        Status.WAITING,
        # Eva is behind the other person of the delegation, for whom the contact asked at the same time.
        2,
    )


def test_no_place_is_held_where_a_new_address_gets_none():
    def tell(world):
        world.add(replace(TARGET, given_name="Ida", email="ida@example.org"), sender=SILENCED)
        world.correct("first@example.com", sender=SILENCED)
        before = world.free()
        world.correct(EVA, sender=SILENCED)
        return before, world.free()

    alike(tell, left=9)
    assert alike(World.free, left=0, filled=1) == 0


@pytest.mark.parametrize("act", ["confirm", "add", "correct"])
def test_naming_takes_as_many_statements_for_a_registered_address(act):
    """The work that is done does not tell how an address is known (S24)."""

    def tell(world):
        named = replace(TARGET, given_name="Ida", email=EVA if act != "correct" else "ida@example.org")
        if act != "confirm":
            world.add(replace(named, email="wrong@example.org") if act == "correct" else DAN)
        with statements() as sent:
            if act == "confirm":
                contact = replace(CONTACT, email=f"second-{world.event.slug}@example.org")
                registered(world.event, (named, DAN), key=f"second {world.event.slug}", contact=contact)
            elif act == "add":
                write(world.lock_and_add, named, now=clock.now())
            else:
                write(correcting.correct, world.delegation.people[-1], EVA, now=clock.now())
        return len(sent)

    alike(tell, left=9, people=(ALONE, DAN))


def test_mails_that_have_not_left_lengthen_the_hold_as_for_a_new_address():
    """While no mail leaves, a place is held longer, and at most four times as long."""

    def tell(world):
        start_write(db.session)
        db.session.execute(
            update(OutboxMessage).where(OutboxMessage.recipient != TARGET.email).values(**SENT)
        )
        db.session.commit()
        free = []
        for hours in (6, 12, 18, 23, 24, 30):
            world.pass_time(NOW + hours * HOUR)
            free.append(world.free())
        return free

    assert alike(tell, left=1, filled=9, has_waiting_list=False) == [0, 0, 0, 0, 1, 1]


def test_cancelling_the_event_lengthens_no_hold():
    def tell(world):
        mark_all_sent()
        start_write(db.session)
        world.event.cancelled_at = NOW
        db.session.commit()
        write(expiry.outlast_cancellation, world.event, actor="command", now=NOW)
        write(outlasting.outlast_cancellation, world.event, now=NOW)
        free = []
        for hours in (47, 48, 8 * 24):
            world.pass_time(NOW + hours * HOUR)
            free.append(world.free())
        return free

    assert alike(tell, left=5) == [3, 4, 4]


def test_place_is_held_until_its_end_when_the_contact_is_erased():
    """Otherwise the free places would tell the contact, who can read them on public pages."""

    def tell(world):
        write(contact_acts.forget_contact, world.delegation, now=NOW)
        mark_all_sent()
        before = world.free()
        world.pass_time(NOW + 48 * HOUR)
        return before, world.free()

    assert alike(tell, left=5) == (3, 4)


def test_owner_who_is_erased_frees_the_place_that_was_held_beside_theirs():
    world = World("registered", left=5)
    request = write(privacy.ask, world.owner, now=NOW)
    write(privacy.carry_out, request, actor="command", now=NOW + HOUR)
    assert (world.free(), counters.check(NOW)[0]) == (4, True)
    assert [one.position for one in queries.list_people(world.delegation)] == [2]


def test_hold_follows_its_sector_and_its_organisation_when_they_are_merged():
    def tell(world):
        mark_all_sent()

        def merge(*, now):
            places.lock(world.event)
            sector, into = world.sector(), world.sector("ngo")
            merging.merge(sector, into, merging.propose(sector, into), actor="command", now=now)

        write(merge, now=NOW)
        listed = Written("Byrån AB", aliases=(CONTACT.organisation,))
        write(organisations.store, world.event, None, listed, actor="command", now=NOW)
        organisation = organisation_queries.list_all(world.event)[0]
        held = held_places.count_by_organisation(world.event)[organisation.key, world.sector("ngo").id]
        before = world.free("ngo")
        world.pass_time(NOW + 48 * HOUR)
        return held, world.free("ngo") - before

    assert alike(tell, left=5) == (2, 1)


def test_counters_are_mended_to_what_is_held():
    world = World("registered", left=5)
    assert write(places.mend, world.event) == {}
    start_write(db.session)
    world.event.taken += 1
    world.sector().taken += 1
    world.sector().reserved = 0
    db.session.commit()
    assert not counters.check(NOW)[0]
    assert write(places.mend, world.event) == {"tech": [3, 2], "event": [4, 3], "tech, reserved": [0, 1]}
    assert counters.check(NOW)[0]


def test_sector_in_which_a_place_is_held_is_not_removed():
    world = World("registered", left=5, people=(TARGET, replace(TARGET, email="ida@example.org")))
    for one in world.delegation.people:
        if one.registration:
            start_write(db.session)
            db.session.delete(one.registration)
            db.session.commit()
    with pytest.raises(SectorInUse):
        write(sectors.remove, world.sector(), actor="command", now=NOW)
    db.session.rollback()


def test_contact_who_names_their_own_registered_address_holds_no_second_place():
    """The contact has confirmed the address by the link: nothing about it has to be hidden from them."""
    event = make_event(sectors=[make_sector("tech", ceiling=9)])
    confirmed(event, "tech", email=CONTACT.email)
    registered(event, (replace(TARGET, email=CONTACT.email), ALONE))
    db.session.refresh(event)
    assert (event.taken, db.session.query(BareHold).count()) == (2, 0)
