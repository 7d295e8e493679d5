"""Scenarios of race tests: invitations answered and forwarded at once, many made at once for few places (R01, R02)."""

from collections import Counter
from datetime import timedelta

from sqlalchemy import select

from forum import clock
from forum.extensions import db
from forum.invitations import actions
from forum.invitations.actions import Invitee, Terms
from forum.invitations.enums import InvitationState
from forum.invitations.models import Invitation
from forum.registration.bare_hold_models import BareHold
from forum.registration.enums import Status
from forum.registration.models import Registration
from tests.factories.events import make_sector
from tests.factories.registrations import confirmed, write
from tests.faults.races import (
    PLACES,
    ask_for_delegation,
    assert_counted_once,
    assert_line_was_kept,
    current_event,
    open_event,
    refusals,
    registrations,
)
from tools.organisers import make_user

INVITED = 8


def yes_while_forwarded(race):
    """Each of eight held places goes to the invited person, to a colleague, or stays held for nobody, never to two.

    Each colleague is named by two invited people and gets one invitation: the other place stays held, because a place
    that became free would tell the second of them that the colleague has been invited already (S24).
    """
    invited, line = race.begin(invited_people_and_a_line)
    jobs = [("say yes", number) for number in invited for _twice in range(2)]
    jobs += [
        ("forward", (number, f"colleague{place // 2}@example.org"))
        for place, number in enumerate(invited)
        for _twice in range(2)
    ]
    outcomes = race("something", jobs[::3] + jobs[1::3] + jobs[2::3])
    assert refusals(outcomes) == {"": INVITED, "NotOpen": 3 * INVITED}
    rows = {one.id: one for one in db.session.scalars(select(Invitation))}
    ends = Counter(rows[number].state for number in invited)
    assert ends[InvitationState.YES] + ends[InvitationState.FORWARDED] == INVITED
    for one in (rows[number] for number in invited):
        is_yes = one.state == InvitationState.YES
        assert (one.holds_place, one.registration is not None) == (False, is_yes)
        assert not is_yes or (one.registration.status, one.registration.holds_place) == (
            Status.CONFIRMED,
            True,
        )
    named = {one.forwarded_to_id for one in rows.values() if one.state == InvitationState.FORWARDED}
    colleagues = [one for number, one in rows.items() if number not in invited]
    assert {one.id for one in colleagues} == named
    assert all((one.state, one.holds_place) == (InvitationState.OPEN, True) for one in colleagues)
    assert db.session.query(BareHold).count() == ends[InvitationState.FORWARDED] - len(colleagues)
    assert current_event().taken == PLACES
    assert_line_was_kept(line)
    assert_counted_once()


def invited_people_and_a_line() -> tuple[list[int], list[int]]:
    """Save eight invitations that hold places, and ten registrations: two with the other places, eight that wait."""
    event = open_event(capacity=PLACES, sectors=[make_sector("tech", ceiling=PLACES)])
    invited = [invite(event, number) for number in range(INVITED)]
    return invited, [confirmed(event, "tech", now=clock.now()).id for _ in range(PLACES)]


def tables_for_the_last_places(race):
    """Tables, delegations, cancellations and fewer places at once: each table of three is imported whole or not."""
    user, holders, line, tokens = race.begin(full_event_with_two_asked_delegations)
    jobs = [("invite all", (table, user)) for table in range(4) for _twice in range(2)]
    jobs += [("confirm delegation", token) for token in tokens]
    jobs += [("cancel", number) for number in holders[:9]]
    jobs += [("rearrange", ("capacity", number)) for number in (PLACES - 1, PLACES - 2)]
    outcomes = race("something", jobs[::3] + jobs[1::3] + jobs[2::3])
    assert set(refusals(outcomes)) <= {"", "SomeRefused", "NotAllFit", "CapacityBelowTaken"}
    tables = Counter(one.email.partition("-")[0] for one in db.session.scalars(select(Invitation)))
    assert set(tables.values()) <= {3}
    assert sum(outcome.more == "invited" for outcome in outcomes) == len(tables)
    came = Counter(one.status for one in registrations() if one.id not in {*holders, *line})
    assert came in (Counter(), {Status.CONFIRMED: 3}, {Status.CONFIRMED: 6})
    assert [db.session.get_one(Registration, number).status for number in line] == [Status.OFFERED] * 3
    assert_counted_once()


def full_event_with_two_asked_delegations() -> tuple[int, list[int], list[int], list[str]]:
    """Save an organiser, ten people with all places, three who wait, and the forms of two delegations."""
    event = open_event(capacity=PLACES, sectors=[make_sector("tech", ceiling=PLACES)])
    user = make_user(event=event).id
    holders = [confirmed(event, "tech", now=clock.now()).id for _ in range(PLACES)]
    line = [confirmed(event, "tech", now=clock.now()).id for _ in range(3)]
    return user, holders, line, [ask_for_delegation(number) for number in range(2)]


def invite(event, number) -> int:
    """Invite somebody with a held place, and let them send a colleague instead; return the invitation's id."""
    now = clock.now()
    invitee = Invitee("Kim", "", f"invited{number}@example.org", "Alfa AB", "en", "")
    terms = Terms(now + timedelta(hours=12), holds_place=True, may_forward=True)
    return write(actions.invite, event, event.sectors[0], invitee, terms, user_id=None, now=now).id
