"""For how many unconfirmed registrations a place is held, and for how long (R01, S24)."""

from datetime import timedelta

import pytest

from forum.registration import actions, expiry, links_by_mail
from forum.registration.enums import Status
from forum.registration.errors import SectorFull
from forum.registration.senders import Sender
from tests.factories.events import NOW, make_event, make_sector
from tests.factories.mails import mark_all_sent
from tests.factories.registrations import SILENCED, confirmed, register, write
from tests.registration.reading import kinds_for, newest_mail, recorded

pytestmark = pytest.mark.usefixtures("database")
HOUR = timedelta(hours=1)
ONE, OTHER = (Sender(client=client, most_held=2) for client in ("one", "other"))


@pytest.fixture
def app(make_app, database_url):
    return make_app(database_url)


def tend(now) -> int:
    return write(expiry.expire_due, now=now)


def confirm(registration, now=NOW):
    return write(actions.confirm, registration, now=now)


def room(ceiling=5, **differing):
    return make_event(capacity=ceiling, sectors=[make_sector("justice", ceiling=ceiling)], **differing)


def test_only_so_many_unconfirmed_places_are_held_for_one_client():
    event = make_event()
    mine = [register(event, sender=ONE) for _ in range(3)]
    others = register(event, sender=OTHER)
    assert [person.holds_place for person in (*mine, others)] == [True, True, False, True]
    assert (kinds_for(mine[2]), event.taken) == (["received-without-place"], 3)


def test_a_client_may_hold_another_place_when_one_is_confirmed_cancelled_or_ended():
    event = make_event()
    first, second = register(event, sender=ONE), register(event, sender=ONE)
    confirm(first)
    third = register(event, sender=ONE)
    write(actions.cancel, second, actor="user:7", now=NOW)
    fourth = register(event, sender=ONE)
    mark_all_sent()
    tend(NOW + 48 * HOUR)
    fifth = register(event, sender=ONE, now=NOW + 48 * HOUR)
    assert [(person.status, person.holds_place) for person in (first, second, third, fourth, fifth)] == [
        (Status.CONFIRMED, True),
        (Status.CANCELLED, False),
        (Status.EXPIRED, False),
        (Status.EXPIRED, False),
        (Status.PENDING, True),
    ]
    left = [(person.asked_from, person.held_until) for person in (first, second, third, fourth)]
    assert left == [(None, None)] * 4


def test_whoever_has_no_place_held_gets_one_by_confirming_while_there_are_some():
    event = make_event()
    late = [register(event, sender=ONE) for _ in range(3)][-1]
    assert (confirm(late).status, late.holds_place, event.taken) == (Status.CONFIRMED, True, 3)


def test_no_place_is_held_for_a_message_that_does_not_leave():
    event = make_event()
    silenced = register(event, sender=SILENCED)
    write(links_by_mail.send_fresh_link, event, silenced.email, now=NOW + HOUR)
    assert (silenced.holds_place, kinds_for(silenced)) == (
        False,
        ["received-without-place", "link-to-confirm"],
    )


def test_without_a_waiting_list_the_confirming_press_takes_a_place_or_says_that_there_is_none():
    event = room(2, has_waiting_list=False)
    late = [register(event, sender=Sender(client="one", most_held=0)) for _ in range(3)]
    assert [confirm(person).status for person in late[:2]] == [Status.CONFIRMED] * 2
    with pytest.raises(SectorFull):
        confirm(late[2])


def test_the_last_fifth_of_the_places_is_held_for_six_hours():
    event = room(5)
    people = [register(event) for _ in range(5)]
    held = [(person.held_until - NOW) / HOUR for person in people]
    assert (held, {person.confirm_by for person in people}) == ([48, 48, 48, 48, 6], {NOW + 48 * HOUR})
    texts = [newest_mail(person).text for person in people[3:]]
    assert ["Few places are left" in text for text in texts] == [False, True]
    assert ["3 May 2027" in text and "20:00" in text for text in texts] == [False, True]


def test_places_that_are_kept_for_other_sectors_count_as_none_to_be_left():
    sectors = [make_sector("justice", ceiling=10), make_sector("tech", floor=5, ceiling=10)]
    event = make_event(capacity=10, sectors=sectors)
    held = [(register(event).held_until - NOW) / HOUR for _ in range(5)]
    assert held == [48, 48, 48, 48, 6]


def test_a_short_hold_ends_for_the_next_in_line_but_the_link_still_confirms():
    event = room(5)
    for _ in range(4):
        confirmed(event)
    slow, waiting = register(event), confirmed(event)
    mark_all_sent()

    assert (tend(NOW + 6 * HOUR - timedelta(seconds=1)), slow.holds_place) == (0, True)
    tend(NOW + 6 * HOUR)

    assert (slow.status, slow.holds_place, waiting.status, event.taken) == ("pending", False, "offered", 5)
    assert recorded(slow)[-1] == ("registration.hold_ended", "worker", {})
    assert (slow.held_until, slow.asked_from) == (None, None)
    assert confirm(slow, NOW + 7 * HOUR).status == Status.WAITING
    assert tend(NOW + 7 * HOUR) == 0


def test_a_short_hold_that_ended_is_taken_up_again_where_nobody_waits():
    event = room(5)
    for _ in range(4):
        confirmed(event)
    slow = register(event)
    mark_all_sent()
    tend(NOW + 6 * HOUR)
    assert event.taken == 4
    assert (confirm(slow, NOW + 40 * HOUR).status, event.taken) == (Status.CONFIRMED, 5)


def test_a_hold_of_before_the_update_lasts_as_long_as_its_link():
    event = room(5)
    old = register(event)
    mark_all_sent()
    old.held_until = None
    tend(NOW + 47 * HOUR)
    assert (old.holds_place, tend(NOW + 48 * HOUR), old.status) == (True, 1, Status.EXPIRED)
