"""The first person on the waiting list is offered a place first, if the balance of sectors allows it (R02)."""

from datetime import timedelta

import pytest

from forum.events.enums import LineOrder
from forum.events.queries import find_sector
from forum.registration import (
    actions,
    by_hand,
    expiry,
    held_places,
    new_address,
    offer_words,
    offers,
    places,
    queries,
    sharing,
    waiting_list,
)
from forum.registration.applicant import Details
from forum.registration.enums import Status
from tests.factories.events import NOW, make_event, make_sector
from tests.factories.mails import mark_all_sent
from tests.factories.registrations import change_capacity, confirmed, register, write
from tests.registration.reading import kinds_for, last_id, newest_mail, queued, recorded

pytestmark = pytest.mark.usefixtures("database")


@pytest.fixture
def app(make_app, database_url):
    return make_app(database_url)


def minutes(number: float):
    return NOW + timedelta(minutes=number)


def in_line(event, sector, *after, **differing):
    """Confirm a registration at each of the minutes `after` NOW; return the registrations."""
    return [confirmed(event, sector, now=minutes(minute), **differing) for minute in after]


def cancel(registration, now=None):
    return write(actions.cancel, registration, actor="person", now=now or minutes(60))


def offer(event, now=None):
    """Offer the free places, as every action does that frees a place."""

    def rule():
        places.lock(event)
        return waiting_list.offer_free_places(event, now=now or minutes(60)).offered.total()

    return write(rule)


def states(*registrations) -> list[str]:
    return [str(registration.status) for registration in registrations]


def room(capacity=1, **differing):
    return make_event(capacity=capacity, sectors=[make_sector("tech", ceiling=capacity)], **differing)


def test_the_full_sectors_line_is_in_the_order_of_asking():
    event = room()
    holder, first, second = in_line(event, "tech", 0, 1, 2)
    assert states(holder, first, second) == ["confirmed", "waiting", "waiting"]
    assert [waiting_list.position(one) for one in (holder, first, second)] == [0, 1, 2]


def test_who_asked_first_stands_first_even_if_confirmed_last():
    event = room()
    in_line(event, "tech", 0)
    early = register(event, "tech", now=minutes(1))
    (late,) = in_line(event, "tech", 2)
    write(actions.confirm, early, now=minutes(30))
    assert [waiting_list.position(one) for one in (early, late)] == [1, 2]
    assert early.waiting_since == minutes(1)


def test_two_who_asked_in_the_same_moment_stand_in_the_order_of_arrival():
    event = room()
    _holder, first, second = in_line(event, "tech", 0, 1, 1)
    assert [waiting_list.position(one) for one in (first, second)] == [1, 2]


def test_positions_count_the_own_sector_only():
    event = make_event(capacity=2, sectors=[make_sector("tech", ceiling=1), make_sector("ngo", ceiling=1)])
    in_line(event, "tech", 0, 1, 2)
    _holder, ngo = in_line(event, "ngo", 0, 3)
    assert waiting_list.position(ngo) == 1


def test_a_cancelled_place_is_offered_to_the_head_of_the_line():
    event = room()
    holder, first, second = in_line(event, "tech", 0, 1, 2)
    before = last_id()
    cancel(holder)
    assert states(holder, first, second) == ["cancelled", "offered", "waiting"]
    assert (first.holds_place, event.taken, waiting_list.position(second)) == (True, 1, 1)
    assert queued(before) == [("cancelled", holder.email), ("offered", first.email)]
    assert recorded(first)[-1] == (
        "registration.offered",
        "worker",
        {"until": (minutes(60) + timedelta(hours=48)).isoformat()},
    )


def test_who_waits_and_cancels_leaves_the_line():
    event = room()
    holder, first, second = in_line(event, "tech", 0, 1, 2)
    cancel(first)
    cancel(holder)
    assert states(first, second) == ["cancelled", "offered"]


def test_a_declined_offer_goes_to_the_next_in_line():
    event = room()
    holder, first, second = in_line(event, "tech", 0, 1, 2)
    cancel(holder)
    cancel(first)
    assert (states(first, second), event.taken) == (["cancelled", "offered"], 1)


def test_a_lapsed_offer_goes_to_the_next_in_line():
    event = room()
    holder, first, second = in_line(event, "tech", 0, 1, 2)
    cancel(holder)
    mark_all_sent()
    write(expiry.expire_due, now=first.offer_expires_at)
    assert (states(first, second), kinds_for(first)[-1]) == (["expired", "offered"], "offer-lapsed")


def test_an_accepted_offer_is_a_place_and_is_accepted_once():
    event = room()
    holder, first = in_line(event, "tech", 0, 1)
    cancel(holder)
    for _ in range(2):
        write(actions.accept_offer, first, now=minutes(90))
    assert (states(first), event.taken) == (["confirmed"], 1)
    assert kinds_for(first).count("confirmed") == 1


def test_more_capacity_is_offered_in_order_to_as_many_as_fit():
    event = make_event(capacity=1, sectors=[make_sector("tech", ceiling=9)])
    holder, first, second, third = in_line(event, "tech", 0, 1, 2, 3)
    write(change_capacity, event, 3)
    assert offer(event) == 2
    assert states(holder, first, second, third) == ["confirmed", "offered", "offered", "waiting"]
    assert offer(event) == 0


def test_a_higher_ceiling_is_offered_to_its_own_line_only():
    event = make_event(capacity=4, sectors=[make_sector("tech", ceiling=1), make_sector("ngo", ceiling=1)])
    _, ngo = in_line(event, "ngo", 0, 1)
    _, tech = in_line(event, "tech", 0, 2)
    write(sharing.change_share, find_sector(event, "tech"), floor=0, ceiling=2)
    offer(event)
    assert states(ngo, tech) == ["waiting", "offered"]


def test_a_freed_place_of_the_pool_goes_to_who_waited_longest_in_any_sector():
    event = make_event(capacity=2, sectors=[make_sector("tech", ceiling=2), make_sector("ngo", ceiling=2)])
    holder, _ = in_line(event, "tech", 0, 0)
    (ngo,) = in_line(event, "ngo", 1)
    (tech,) = in_line(event, "tech", 2)
    cancel(holder)
    assert states(ngo, tech) == ["offered", "waiting"]


def test_an_offer_never_breaks_into_places_kept_for_another_sector():
    sectors = [make_sector("tech", floor=1, ceiling=2), make_sector("ngo", ceiling=2)]
    event = make_event(capacity=2, sectors=sectors)
    (tech,) = in_line(event, "tech", 0)
    holder, ngo = in_line(event, "ngo", 1, 2)
    cancel(tech)
    assert states(holder, ngo) == ["confirmed", "waiting"]
    assert in_line(event, "tech", 61)[0].status == Status.CONFIRMED


def test_released_floors_are_offered_when_the_day_comes():
    sectors = [make_sector("tech", floor=2, ceiling=3), make_sector("ngo", ceiling=3)]
    event = make_event(capacity=3, sectors=sectors)
    _holder, first, second, third = in_line(event, "ngo", 0, 1, 2, 3)
    write(expiry.expire_due, now=event.release_at - timedelta(seconds=1))
    assert states(first, second, third) == ["waiting"] * 3
    write(expiry.expire_due, now=event.release_at)
    assert states(first, second, third) == ["offered", "offered", "waiting"]


def test_a_newcomer_does_not_pass_the_line_when_floors_have_just_been_released():
    sectors = [make_sector("tech", floor=1, ceiling=2), make_sector("ngo", ceiling=2)]
    event = make_event(capacity=2, sectors=sectors)
    _holder, waiting = in_line(event, "ngo", 0, 1)
    newcomer = register(event, "ngo", now=event.release_at)
    assert (waiting.status, newcomer.holds_place) == (Status.OFFERED, False)


def test_who_confirms_late_does_not_pass_the_line_when_floors_have_just_been_released():
    sectors = [make_sector("tech", floor=1, ceiling=2), make_sector("ngo", ceiling=2)]
    release = minutes(60)
    event = make_event(capacity=2, sectors=sectors, release_at=release)
    _holder, waiting = in_line(event, "ngo", 0, 1)
    late = register(event, "ngo", now=minutes(2))
    write(actions.confirm, late, now=release)
    assert states(waiting, late) == ["offered", "waiting"]


def test_who_confirms_takes_a_place_that_became_free_meanwhile_at_once():
    event = room()
    (holder,) = in_line(event, "tech", 0)
    late = register(event, "tech", now=minutes(1))
    cancel(holder, now=minutes(2))
    write(actions.confirm, late, now=minutes(3))
    assert (states(late), kinds_for(late)) == (["confirmed"], ["received-without-place", "confirmed"])


def test_a_waiter_at_the_organisations_cap_does_not_hold_up_the_others():
    event = room(2, organisation_cap=1)
    big, _other = confirmed(event, "tech", organisation="Stora bolaget"), in_line(event, "tech", 0)
    capped = confirmed(event, "tech", now=minutes(1), organisation="STORA BOLAGET AB")
    (free,) = in_line(event, "tech", 2)
    cancel(_other[0])
    assert states(big, capped, free) == ["confirmed", "waiting", "offered"]
    cancel(big)
    assert states(capped) == ["offered"]


@pytest.mark.parametrize("blocked", [1, 12])
def test_offering_asks_as_much_however_many_stand_behind_a_cap(blocked, monkeypatch):
    """Offering places takes one query for each batch of waiting people, and one for their organisations."""
    monkeypatch.setattr(queries, "WAITING", queries.WAITING.limit(12))
    event = room(2, organisation_cap=1)
    confirmed(event, "tech", organisation="Stora bolaget")
    (holder,) = in_line(event, "tech", 0)
    capped = in_line(event, "tech", *range(1, blocked + 1), organisation="STORA BOLAGET AB")
    (free,) = in_line(event, "tech", 30, organisation="Lilla bolaget")
    asked = []
    for home, name in ((queries, "list_waiting"), (held_places, "count_of_organisations")):
        real = getattr(home, name)
        noted = lambda *given, name=name, real=real, **more: asked.append(name) or real(*given, **more)  # noqa: E731
        monkeypatch.setattr(home, name, noted)
    cancel(holder)
    assert states(*capped, free) == ["waiting"] * blocked + ["offered"]
    assert asked == ["list_waiting", "count_of_organisations"] * (1 if blocked == 1 else 2)


def test_the_line_is_gone_through_once_however_many_places_become_free(monkeypatch):
    """People who have just been offered a place count towards their organisation's cap without another query."""
    event = room(organisation_cap=2)
    in_line(event, "tech", 0)
    line = in_line(event, "tech", *range(1, 7), organisation="Stora bolaget")
    (free,) = in_line(event, "tech", 30, organisation="Lilla bolaget")
    asked, real = [], queries.list_waiting
    write(setattr, event, "capacity", 5)
    write(setattr, event.sectors[0], "ceiling", 5)
    noted = lambda *given, **more: asked.append(1) or real(*given, **more)  # noqa: E731
    monkeypatch.setattr(queries, "list_waiting", noted)
    assert offer(event) == 3
    assert states(*line, free) == ["offered"] * 2 + ["waiting"] * 4 + ["offered"]
    assert len(asked) == 2  # The second query returns nobody, which ends the search.


def test_no_offer_is_made_once_the_event_has_begun():
    event = room()
    holder, first = in_line(event, "tech", 0, 1)
    cancel(holder, now=event.starts_at)
    assert (offer(event, event.starts_at), states(first)) == (0, ["waiting"])


def test_who_confirms_after_the_start_is_not_promised_a_place():
    event = make_event(
        capacity=1,
        sectors=[make_sector("tech", ceiling=1)],
        closes_at=NOW + timedelta(hours=2),
        starts_at=NOW + timedelta(hours=3),
        ends_at=NOW + timedelta(hours=9),
    )
    (holder,) = in_line(event, "tech", 0)
    late = register(event, "tech", now=minutes(1))
    cancel(holder, now=event.starts_at)
    write(actions.confirm, late, now=event.starts_at)
    assert states(late) == ["waiting"]


@pytest.mark.parametrize(("before_start", "hours"), [(72, 48), (48, 48), (47, 47), (1, 1)])
def test_an_offer_lasts_its_hours_but_never_past_the_start(before_start, hours):
    event = room()
    holder, first = in_line(event, "tech", 0, 1)
    at = event.starts_at - timedelta(hours=before_start)
    cancel(holder, now=at)
    assert first.offer_expires_at - at == timedelta(hours=hours)


def test_an_event_sets_its_own_hours_for_offers():
    event = room(offer_hours=5)
    holder, first = in_line(event, "tech", 0, 1)
    cancel(holder, now=minutes(60))
    assert first.offer_expires_at == minutes(60) + timedelta(hours=5)


def without_address(event, minute, *, entered=None):
    """Add somebody by hand who waits; send a link to the entered address, if there is one."""
    details = Details("Kim", f"Number {minute}", f"Ministry {minute}", "", "SE", "en", None)
    given = {"reason": "Called.", "may_wait": True, "actor": "command", "now": minutes(minute)}
    added = write(by_hand.add, event, find_sector(event, "tech"), details, **given)
    if entered:
        write(new_address.ask, added, entered, actor="command", comes_with_it=True, now=minutes(minute))
    return added


def test_whoever_has_a_link_to_a_first_address_is_passed_over_until_it_is_confirmed():
    event = room()
    (holder,) = in_line(event, "tech", 0)
    first = without_address(event, 1, entered="kim@example.org")
    (second,) = in_line(event, "tech", 2)
    cancel(holder)
    assert states(first, second) == ["waiting", "offered"]
    why = offers.why_of(second)
    assert (why["rank"], why["passed"]) == (2, [[first.id, "address"]])
    assert offer_words.passed_over(why)[0].why == "the address was not confirmed yet"
    assert waiting_list.position(first) == 1


@pytest.mark.parametrize("order", list(LineOrder))
def test_confirming_the_first_address_puts_the_person_in_line_for_a_place_that_is_free(order):
    event = room(line_order=order)
    (holder,) = in_line(event, "tech", 0)
    first = without_address(event, 1, entered="kim@example.org")
    token = newest_mail(first, "new-address").token
    cancel(holder)
    assert (states(first), event.taken) == (["waiting"], 0)
    since = last_id()
    write(new_address.confirm, token, now=minutes(70))
    assert (states(first), first.waiting_since, event.taken) == (["offered"], minutes(1), 1)
    assert queued(since)[-1] == ("offered", "kim@example.org")


def test_whose_link_has_run_out_counts_as_a_person_without_an_address():
    event = room()
    (holder,) = in_line(event, "tech", 0)
    first = without_address(event, 1, entered="kim@example.org")
    cancel(holder)
    write(expiry.expire_in, event.id, now=minutes(1) + timedelta(hours=47))
    assert states(first) == ["waiting"]
    write(expiry.expire_in, event.id, now=minutes(1) + timedelta(hours=48))
    assert states(first) == ["confirmed"]


def test_places_on_trial_are_those_that_are_offered_and_given():
    event = room()
    in_line(event, "tech", 0)
    silent, _asked = without_address(event, 1), without_address(event, 2, entered="kim@example.org")
    (written,) = in_line(event, "tech", 3)
    write(change_capacity, event, 9)
    write(sharing.change_share, find_sector(event, "tech"), floor=0, ceiling=9)
    tech = find_sector(event, "tech").id
    trial = waiting_list.count_offers_on_trial(places.trial_of(event), minutes(60))
    assert (trial.offered, trial.given) == ({tech: 1}, {tech: 1})

    def rule():
        places.lock(event)
        return waiting_list.offer_free_places(event, now=minutes(60))

    assert write(rule) == trial
    assert states(silent, written) == ["confirmed", "offered"]


def test_the_mail_to_whoever_waits_says_nothing_of_a_full_sector():
    """Somebody whose organisation has as many places as it may have waits while the sector has free places."""
    event = make_event(organisation_cap=1, sectors=[make_sector("ngo", ceiling=9)])
    _first, capped = (confirmed(event, "ngo", organisation="Alfa") for _number in range(2))
    assert (capped.status, places.places_left(event, NOW)[capped.sector_id] > 0) == (Status.WAITING, True)
    text = newest_mail(capped, "waiting").text
    assert "No place at Nordic Forum for testing is free for you just now" in text
    assert "taken" not in text
