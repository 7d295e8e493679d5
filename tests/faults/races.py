"""The scenarios of race tests: who does what at the same moment, and what must be true afterwards (R01–R04).

Each scenario takes the fixture `race` (tests/faults/conftest.py). A scenario that begins with many people has a
function that saves them and returns their ids, for `race.begin`. tests/faults/test_race.py runs each scenario once, and
many times in its slow part.
"""

import re
from collections import Counter
from contextvars import Context
from datetime import timedelta

from flask import current_app
from sqlalchemy import func, select

from forum import clock
from forum.accounts.models import User
from forum.audit import actions as audit
from forum.delegations import asking, contact_links, queries
from forum.delegations.asking import Contact, Person
from forum.delegations.enums import ContactLink
from forum.events.enums import LineOrder, SectorPolicy
from forum.events.models import Event
from forum.extensions import db
from forum.invitations.models import Invitation
from forum.outbox.models import OutboxMessage
from forum.registration import actions, links, places
from forum.registration.bare_hold_models import BareHold
from forum.registration.enums import OfferEnd, Status, TokenPurpose
from forum.registration.merge_models import RegistrationMerge
from forum.registration.models import Registration
from forum.registration.offer_models import Offer
from tests.factories.events import make_event, make_sector
from tests.factories.mails import mark_all_sent
from tests.factories.registrations import confirmed, register, write
from tests.factories.saving import save
from tools.organisers import make_user

PLACES = 10
SAME = {
    "family_name": "Same",
    "organisation": "Same",
    "email": "same@example.org",
    "submission_key": "the-same-form",
}
SPELLINGS = ("anna@example.org", "ANNA@example.org", "Anna@Example.ORG", "anna@EXAMPLE.org")
# After this time every registration that is unconfirmed now, and every offer that is open now, has expired.
LATE = timedelta(hours=60)


def open_event(**differing):
    """Save an event whose registration is open now by the real clock."""
    now = clock.now()
    moments = {
        "opens_at": now - timedelta(days=1),
        "closes_at": now + timedelta(days=1),
        "release_at": now + timedelta(days=2),
        "starts_at": now + timedelta(days=3),
        "ends_at": now + timedelta(days=4),
    }
    return make_event(**{**moments, **differing})


def shared_event():
    """Save an event of ten places, four of which are kept for one sector."""
    sectors = [make_sector("tech", floor=4, ceiling=PLACES), make_sector("ngo", ceiling=PLACES)]
    return open_event(capacity=PLACES, sectors=sectors)


def people(number):
    return [
        {
            "sector": ("tech", "ngo")[n % 8 < 4],
            "email": f"racer{n}@example.org",
            "submission_key": f"racer-{n}",
        }
        for n in range(number)
    ]


def registrations() -> list[Registration]:
    return list(db.session.scalars(select(Registration).order_by(Registration.requested_at, Registration.id)))


def mails() -> Counter:
    return Counter(db.session.scalars(select(OutboxMessage.kind)).all())


def holders() -> int:
    return db.session.scalar(select(func.count()).where(Registration.holds_place)) or 0


def assert_counted_once() -> None:
    """Check that counters of places equal the rows that hold a place, and that the audit chain is valid."""
    held = Counter(one.sector_id for one in registrations() if one.holds_place)
    held.update(db.session.scalars(select(Invitation.sector_id).where(Invitation.holds_place)))
    held.update(db.session.scalars(select(BareHold.sector_id)))
    for event in db.session.scalars(select(Event)):
        counted = {sector.id: sector.taken for sector in event.sectors}
        assert counted == {number: held[number] for number in counted}
        assert event.taken == sum(counted.values()) <= event.capacity
    assert audit.verify() is None


def assert_line_was_kept(line) -> None:
    """Check that in each sector the first waiting person got a place, and that nobody waits beside a free place."""
    states = {one.id: one for one in registrations()}
    for sector in current_event().sectors:
        waits = [
            states[number].status == Status.WAITING for number in line if states[number].sector is sector
        ]
        assert waits == sorted(waits)
        assert not any(waits) or places.places_left(current_event(), clock.now())[sector.id] == 0


def current_event() -> Event:
    return db.session.scalars(select(Event).where(Event.is_current)).one()


def many_people_for_ten_places(race, number=200):
    """Many people register for ten places and a third confirm; then every place is given back."""
    acts = ("register and confirm", "register", "register")
    rows = register_for_ten_places(race, [(acts[n % 3], person) for n, person in enumerate(people(number))])
    states = Counter(status for _holds, status in rows.values())
    assert states["confirmed"] + states["waiting"] == len(range(0, number, 3))
    assert_everybody_was_told(states, number)
    give_every_place_back(race)


def many_forms_for_ten_places(race, number=200):
    """Many people register for ten places; nobody has confirmed yet."""
    rows = register_for_ten_places(race, [("register", person) for person in people(number)])
    assert_everybody_was_told(Counter(status for _holds, status in rows.values()), number)


def register_for_ten_places(race, jobs) -> dict[int, tuple[bool, str]]:
    """Let each job register; return by id whether the row holds a place, and its status, as each job was told."""
    shared_event()
    outcomes = race("something", jobs)
    assert [outcome.error for outcome in outcomes if outcome.error] == []
    assert (holders(), sum(outcome.holds_place for outcome in outcomes)) == (PLACES, PLACES)
    assert_counted_once()
    rows = {row.id: (row.holds_place, str(row.status)) for row in registrations()}
    assert {outcome.id: (outcome.holds_place, str(outcome.more)) for outcome in outcomes} == rows
    return rows


def assert_everybody_was_told(states: Counter, number: int) -> None:
    """Check that each person got one mail for each step, and nobody without a place got a confirmation."""
    received = {"received": PLACES, "received-without-place": number - PLACES}
    assert mails() == Counter({**received, **{name: states[name] for name in ("confirmed", "waiting")}})
    told = select(Registration.holds_place).join(
        OutboxMessage, OutboxMessage.registration_id == Registration.id
    )
    yes = told.where(OutboxMessage.kind.in_(("received", "confirmed")))
    assert set(db.session.scalars(yes)) == {True}


def give_every_place_back(race) -> None:
    """Cancel all registrations with a place; each place goes to the longest waiting person who may have it."""
    before = registrations()
    line = [one.id for one in before if one.status == Status.WAITING]
    race("cancel", [one.id for one in before if one.holds_place])
    assert mails()["offered"] == PLACES
    assert_line_was_kept(line)
    assert_counted_once()


def one_form_sent_twenty_times(race):
    shared_event()
    outcomes = race("register", [{"sector": "tech", **SAME} for _ in range(20)])
    assert len({(outcome.id, outcome.error) for outcome in outcomes}) == 1
    assert ([one.id for one in registrations()], mails()) == ([outcomes[0].id], {"received": 1})
    assert_counted_once()


def one_address_in_twenty_forms(race):
    shared_event()
    jobs = [
        {
            "sector": ("tech", "ngo")[number % 2],
            "email": SPELLINGS[number % 4],
            "submission_key": f"form-{number}",
        }
        for number in range(20)
    ]
    outcomes = race("register from one network", jobs)
    assert len({(outcome.id, outcome.error) for outcome in outcomes}) == 1
    assert (len(registrations()), holders()) == (1, 1)
    assert mails() == {"received": 1, "already-registered": 19}
    sent = select(func.count()).where(OutboxMessage.status == "queued")
    # All forms come from one client, for whom the forum queues at most three mails an hour to one mailbox.
    assert db.session.scalar(sent) == 3
    assert_counted_once()


def many_move_to_the_last_places(race):
    """Twelve people with places move to a sector with room for three, while others register there and cancel."""
    movers, here = race.begin(people_beside_a_small_sector)
    jobs = [("move", (number, "ngo", place % 2 == 0)) for place, number in enumerate(movers)]
    jobs += [("register and confirm", person) for person in people(8)]
    outcomes = race("something", [*jobs, ("cancel", here)])
    refused = {outcome.error.partition(":")[0] for outcome in outcomes if outcome.error}
    assert refused <= {"NoPlaceThere"}
    assert_counted_once()
    inside = [one for one in registrations() if one.holds_place and one.sector.key == "ngo"]
    assert len(inside) == 4
    kept = [outcome for outcome in outcomes[:12] if outcome.more == "keeps_place"]
    assert {outcome.id for outcome in kept} <= {one.id for one in inside}
    stayed = {one.id for one in registrations() if one.sector.key == "tech" and one.holds_place}
    failed = {number for number, outcome in zip(movers, outcomes, strict=False) if outcome.error}
    assert failed <= stayed


def people_beside_a_small_sector() -> tuple[list[int], int]:
    """Save twelve people with places in a large sector, and one in a small sector."""
    sectors = [make_sector("tech", ceiling=20), make_sector("ngo", ceiling=4), make_sector("other", floor=2)]
    event = open_event(capacity=16, sectors=sectors)
    movers = [confirmed(event, "tech", now=clock.now()).id for _ in range(12)]
    return movers, confirmed(event, "ngo", now=clock.now()).id


def workers_expire_and_offer(race):
    """Eight workers at once expire registrations and make offers: each registration and each place only once."""
    waiting = race.begin(people_who_wait_for_overdue_places)
    outcomes = race("expire", [None] * 8)
    assert sorted((outcome.error, outcome.more) for outcome in outcomes) == [("", 0)] * 7 + [("", 6)]
    offered = [one.id for one in registrations() if one.status == Status.OFFERED]
    assert (offered, mails()["offered"]) == (waiting[:6], 6)
    assert_counted_once()


def people_who_wait_for_overdue_places() -> list[int]:
    """Save six people whose time to confirm is over, and nine who wait for the six places; return the nine."""
    long_ago = clock.now() - LATE
    event = open_event(capacity=6, sectors=[make_sector("tech", ceiling=6)], opens_at=long_ago)
    for _ in range(6):
        register(event, "tech", now=long_ago)
    waiting = [confirmed(event, "tech", now=long_ago + timedelta(hours=20, minutes=n)).id for n in range(9)]
    mark_all_sent()
    return waiting


def one_registration_cancelled_by_many(race):
    event = shared_event()
    person, _other = confirmed(event, "tech", now=clock.now()), confirmed(event, "tech", now=clock.now())
    outcomes = race("cancel", [person.id] * 8)
    assert refusals(outcomes) == {"": 1, "NotLive": 7}
    assert (holders(), mails()["cancelled"]) == (1, 1)
    assert_counted_once()


def merges_and_cancellations(race):
    """Organisers merge two registrations of a person who cancels one of them: no place is lost or held twice."""
    pairs = race.begin(pairs_of_registrations)
    jobs = [job for one, other in pairs for job in (("merge", (one, other)), ("merge", (other, one)))]
    jobs += [("cancel", pair[number % 2]) for number, pair in enumerate(pairs)]
    outcomes = race("something", jobs[::2] + jobs[1::2])
    assert set(refusals(outcomes)) <= {"", "NotLive", "CannotBeMerged"}
    states = {one.id: one for one in registrations()}
    live = [sum(states[number].is_live for number in pair) for pair in pairs]
    merged = {(row.kept_id, row.ended_id) for row in db.session.scalars(select(RegistrationMerge))}
    assert all(states[ended].status == Status.CANCELLED for _kept, ended in merged)
    # The merge ends one registration of a pair, and the cancellation may end the other: so one is live at most.
    assert set(live) <= {0, 1}
    assert sum(not one.error for one in outcomes) == len(merged) + mails()["cancelled"]
    assert_counted_once()


def pairs_of_registrations() -> list[tuple[int, int]]:
    """Save sixteen registrations, two for each of eight people; return the pairs of their ids."""
    event = shared_event()
    numbers = [confirmed(event, "tech", now=clock.now()).id for _ in range(16)]
    return list(zip(numbers[::2], numbers[1::2], strict=True))


def one_confirming_link_pressed_by_many(race):
    """Many browsers press the button of a confirming link; only the first one gets the person's own page (S21)."""
    person = register(shared_event(), "tech", now=clock.now())
    token = write(links.issue, person, TokenPurpose.CONFIRM, now=clock.now())
    outcomes = race("press", [open_page(f"/en/r/confirm/{token}") for _ in range(8)])
    assert Counter(outcome.more for outcome in outcomes) == {True: 1, False: 7}
    assert mails()["confirmed"] == 1
    assert_counted_once()


def open_page(path: str) -> dict[str, str]:
    """Open a page in a new browser; return what another process needs to press its button."""
    browser, name = current_app.test_client(), current_app.config["SESSION_COOKIE_NAME"]
    page = Context().run(browser.get, path).text
    cookie = browser.get_cookie(name)
    assert cookie is not None
    token = re.search(r'name="csrf_token" value="([^"]+)"', page)
    assert token is not None
    return {"path": path, "name": name, "cookie": cookie.value, "csrf_token": token[1]}


def every_end_at_once(race):
    """All ways to free or take a place at once: cancelling, accepting, expiring, a larger capacity, registering."""
    cast, links_ended = race.begin(people_near_their_end)
    acts = [
        *[("cancel", number) for number in cast["standing"] * 2],
        *[("accept", number) for number in (*cast["offered"], *cast["lapsed"]) * 2],
        *[("cancel", cast["offered"][0]), ("expire", None), ("expire", None), ("expire", None)],
        *[("confirm by link", token) for token in links_ended * 2],
        *[("rearrange", ("capacity", 14)), ("rearrange", ("share", (2, 9)))],
        *[("register and confirm", person) for person in people(8)],
    ]
    jobs = acts[::3] + acts[1::3] + acts[2::3]
    outcomes = race("something", jobs)
    came = {
        act: refusals(o for o, job in zip(outcomes, jobs, strict=True) if job[0] == act) for act, _ in jobs
    }
    assert (came["cancel"], came["confirm by link"]) == ({"": 5, "NotLive": 4}, {"LinkRefused": 4})
    assert set(came["accept"]) == {"", "NothingOffered"}
    assert (set(came["expire"]), set(came["rearrange"]), set(came["register and confirm"])) == (
        {""},
        {""},
        {""},
    )
    states = {one.id: one.status for one in registrations()}
    ends = {name: {states[number] for number in numbers} for name, numbers in cast.items() if name != "line"}
    assert ends.pop("offered") == {Status.CANCELLED, Status.CONFIRMED}
    assert ends == {"standing": {Status.CANCELLED}, "lapsed": {Status.EXPIRED}, "overdue": {Status.EXPIRED}}
    assert (mails()["cancelled"], mails()["offer-lapsed"]) == (6 + 5, 3)
    newcomers = [one.id for one in registrations() if one.email.startswith("racer")]
    assert_line_was_kept([*cast["line"], *newcomers])
    assert_counted_once()


def ended_links(people: list[int]) -> list[str]:
    """Return the token of a confirming link for each registration, whose time to confirm is over by now."""
    made = [db.session.get_one(Registration, number) for number in people]
    return [write(links.issue, one, TokenPurpose.CONFIRM, now=one.requested_at) for one in made]


def people_near_their_end() -> tuple[dict[str, list[int]], list[str]]:
    """Save a full event with people who are confirmed, offered, expired or waiting; return ids and ended links."""
    now, long_ago = clock.now(), clock.now() - LATE
    sectors = [make_sector("tech", floor=3, ceiling=8), make_sector("ngo", ceiling=8)]
    event = open_event(capacity=12, sectors=sectors, opens_at=long_ago)
    overdue = [register(event, "tech", now=long_ago) for _ in range(2)]
    standing = [confirmed(event, "ngo", now=long_ago) for _ in range(4)]
    leaving = [confirmed(event, "tech", now=long_ago) for _ in range(6)]
    early = [confirmed(event, "tech", now=long_ago + timedelta(hours=10, minutes=n)) for n in range(6)]
    line = [
        confirmed(event, ("tech", "ngo")[n % 2], now=long_ago + timedelta(hours=20, minutes=n))
        for n in range(12)
    ]
    for number, person in enumerate(leaving):  # the first three people have offers that have expired by now
        write(
            actions.cancel, person, actor="person", now=long_ago + timedelta(hours=11) if number < 3 else now
        )
    assert [one.status for one in (*early, *line)] == [Status.OFFERED] * 6 + [Status.WAITING] * 12
    mark_all_sent()
    cast = {"standing": standing, "offered": early[3:], "lapsed": early[:3], "overdue": overdue, "line": line}
    numbers = {name: [one.id for one in ones] for name, ones in cast.items()}
    return numbers, ended_links(numbers["overdue"])


def reviewers_and_cancellations(race):
    """Two organisers decide about the same people, while some of these cancel: each is decided about at most once."""
    users, people = race.begin(people_in_review)
    jobs = [
        *[("approve", (number, users[0])) for number in people],
        *[("refuse", (number, users[1])) for number in people[:8]],
        *[("cancel", number) for number in people[4:12]],
        *[("approve", (number, users[1])) for number in people[8:]],
    ]
    mixed = jobs[::3] + jobs[1::3] + jobs[2::3]
    outcomes = race("something", mixed)
    assert set(refusals(outcomes)) <= {"", "NotInReview", "NotLive"}
    decided = Counter()
    for outcome, (act, job) in zip(outcomes, mixed, strict=True):
        if act != "cancel" and not outcome.error:
            decided[job[0]] += 1
    assert max(decided.values()) == 1
    states = {one.id: one.status for one in registrations()}
    assert Status.IN_REVIEW not in states.values()
    told = mails()
    assert told["approved"] + told["approved-waiting"] + told["declined"] == decided.total()
    assert (
        told["cancelled"]
        == sum(status == Status.CANCELLED for status in states.values())
        == 8 - sum(states[number] == Status.DECLINED for number in people[4:8])
    )
    assert_counted_once()


def people_in_review() -> tuple[list[int], list[int]]:
    """Save two organisers, and fourteen people about whom they have to decide."""
    event = shared_event()
    write(setattr, event.sectors[0], "policy", SectorPolicy.REVIEW)
    users = [make_user(event=event).id for _ in range(2)]
    return users, [confirmed(event, "tech", now=clock.now()).id for _ in range(14)]


def everything_in_two_events(race):
    """Changes in two events at once do not deadlock."""
    others, mine = race.begin(people_of_two_events)
    jobs = [
        *[("expire", None)] * 12,
        *[("change", number) for number in (*others, *mine)] * 2,
        *[("cancel", number) for number in (*others[:4], *mine[:4])],
        *[("register", job) for job in people(12)],
    ]
    outcomes = race("something", jobs[::3] + jobs[1::3] + jobs[2::3])
    assert set(refusals(outcomes)) <= {"", "NotLive"}
    states = Counter(db.session.scalars(select(Registration.status)))
    assert (states["cancelled"], states["expired"]) == (8, 8)
    assert_counted_once()


def people_of_two_events() -> tuple[list[int], list[int]]:
    """Save eight people with places at an earlier event, and eight at the current one."""
    long_ago = clock.now() - LATE
    earlier = open_event(slug="nf26", capacity=30, opens_at=long_ago)
    # The time to confirm is over for these eight registrations: the act "expire" writes audit entries about them before
    # it handles the other event.
    for _ in range(8):
        register(earlier, "tech", now=long_ago)
    others = [confirmed(earlier, "tech", now=clock.now()).id for _ in range(8)]
    mark_all_sent()
    write(setattr, earlier, "is_current", False)
    event = open_event(capacity=30)
    return others, [confirmed(event, "tech", now=clock.now()).id for _ in range(8)]


def every_way_to_offer_at_once(race):
    """Cancelling, accepting, offering by hand … at once; the sector furthest below its floor gets offers first."""
    user, holders, waiting = race.begin(people_with_offers_in_balance_order)
    offered = [one.id for one in registrations() if one.status == Status.OFFERED]
    line = [number for number in waiting if number not in offered]
    jobs = [
        *[("cancel", number) for number in (*holders[6:], *offered[:1]) * 2],
        *[("decline", number) for number in offered[:3] * 2],
        *[("accept", number) for number in offered[1:]],
        *[("offer by hand", (lucky, offered[n % 6], user)) for n, lucky in enumerate(line[::-1])],
        *[("withdraw", (number, user)) for number in offered],
        *[("rearrange", ("capacity", number)) for number in (6, 9, 11, 12)],
        *[("expire", None)] * 3,
    ]
    outcomes = race("something", jobs[::3] + jobs[1::3] + jobs[2::3])
    may_be = {"", "NotLive", "NothingOffered", "StateChanged", "NoPlaceFree", "WouldBeOfferedAgain"}
    assert set(refusals(outcomes)) <= {*may_be, "CapacityBelowTaken"}
    people = {one.id: one for one in registrations()}
    rows = list(db.session.scalars(select(Offer).order_by(Offer.id)))
    still_open = Counter(row.registration_id for row in rows if row.ended_at is None)
    assert still_open == {number: 1 for number, one in people.items() if one.status == Status.OFFERED}
    accepted = {row.registration_id for row in rows if row.ended_how == OfferEnd.ACCEPTED}
    standing = {number for number, one in people.items() if one.status == Status.CONFIRMED}
    assert standing - set(holders) <= accepted
    # Offers and withdrawals that were refused have caused no mail.
    told = mails()
    assert told["offered"] == len(rows)
    assert told["offer-withdrawn"] == len([row for row in rows if row.ended_how == OfferEnd.WITHDRAWN])
    assert told["offer-declined"] == len([row for row in rows if row.ended_how == OfferEnd.DECLINED])
    waits = [one for one in people.values() if one.status == Status.WAITING]
    left = places.places_left(current_event(), clock.now())
    assert [one.id for one in waits if left[one.sector_id]] == []
    assert_counted_once()


def people_with_offers_in_balance_order() -> tuple[int, list[int], list[int]]:
    """Save an organiser, twelve people who had places, half of whom cancelled, and sixteen who waited for places."""
    now = clock.now()
    sectors = [make_sector("tech", floor=4, ceiling=10), make_sector("ngo", ceiling=10)]
    event = open_event(capacity=12, sectors=sectors, line_order=LineOrder.BALANCE, offer_cutoff_hours=1)
    user = save(User(email="o@example.org", name="O", password_hash="", created_at=now)).id
    holders = [confirmed(event, ("tech", "ngo")[n % 2], now=now).id for n in range(12)]
    waiting = [confirmed(event, ("tech", "ngo")[n % 2], now=now).id for n in range(16)]
    for number in holders[:6]:
        write(actions.cancel, db.session.get_one(Registration, number), actor="person", now=now)
    return user, holders, waiting


def refusals(outcomes) -> Counter:
    """Count the outcomes by error; "" stands for success."""
    return Counter(outcome.error.split(":")[0] for outcome in outcomes)


def delegations_for_the_last_places(race):
    """Contacts confirm delegations of three at once, each "all or nobody", while single people register.

    Of the ten places, each delegation gets three or none; without places none of its people is registered.
    """
    tokens = race.begin(asked_delegations)
    outcomes = race("confirm delegation", [token for token in tokens for _press in range(2)])
    done = [outcome for outcome in outcomes if not outcome.error]
    refused = Counter(outcome.error.partition(":")[0] for outcome in outcomes if outcome.error)
    assert (len(done), holders()) == (PLACES // 3, PLACES // 3 * 3)
    assert refused == {"DelegationConfirmed": len(done), "NotAllFit": 2 * (len(tokens) - len(done))}
    assert {outcome.more for outcome in done} == {3}
    assert len(registrations()) == holders()
    assert mails()["delegation-registered"] == len(done)
    assert_counted_once()


def asked_delegations() -> list[str]:
    """Save the forms of eight delegations for ten places; return the tokens of the links to confirm."""
    open_event(capacity=PLACES, sectors=[make_sector("tech", ceiling=PLACES)])
    return [ask_for_delegation(number) for number in range(8)]


def ask_for_delegation(number) -> str:
    """Send a contact's form for three people; return the token of the link to confirm."""
    event, now = current_event(), clock.now()
    contact = Contact("Kim", "", f"contact{number}@example.org", f"Office {number}", "SE", "en")
    people = [Person("Bo", f"Ek {number}-{one}", "") for one in range(3)]
    key = f"delegation {number}"
    told = {"is_all_or_nobody": True, "form_key": key, "now": now}
    write(asking.ask, event, event.sectors[0], contact, people, **told)
    return write(contact_links.issue, queries.find_form(key), ContactLink.CONFIRM, now=now)
