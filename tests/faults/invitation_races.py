"""A scenario of race tests: invited people say yes while their invitations are forwarded (R01, R02)."""

from collections import Counter
from datetime import timedelta

from sqlalchemy import select

from forum import clock
from forum.extensions import db
from forum.invitations import actions
from forum.invitations.actions import Invitee, Terms
from forum.invitations.enums import InvitationState
from forum.invitations.models import Invitation
from forum.registration.enums import Status
from forum.registration.models import Registration
from tests.factories.events import make_sector
from tests.factories.registrations import confirmed, write
from tests.faults.races import (
    PLACES,
    assert_counted_once,
    assert_line_was_kept,
    current_event,
    open_event,
    refusals,
)

INVITED = 8


def yes_while_forwarded(race):
    """Each of eight held places goes to the invited person or to a colleague, never to both, or to whoever waits.

    Two invitations name the same colleague each, who gets one invitation: the second place is offered to the line.
    """
    event = open_event(capacity=PLACES, sectors=[make_sector("tech", ceiling=PLACES)])
    invited = [invite(event, number) for number in range(INVITED)]
    line = [confirmed(event, "tech", now=clock.now()).id for _ in range(PLACES)]
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
    freed = ends[InvitationState.FORWARDED] - len(colleagues)
    offered = [one for one in line if db.session.get_one(Registration, one).status == Status.OFFERED]
    assert offered == line[PLACES - INVITED :][:freed]
    assert current_event().taken == PLACES
    assert_line_was_kept(line)
    assert_counted_once()


def invite(event, number) -> int:
    """Invite somebody with a held place, and let them send a colleague instead; return the invitation's id."""
    now = clock.now()
    invitee = Invitee("Kim", "", f"invited{number}@example.org", "Alfa AB", "en", "")
    terms = Terms(now + timedelta(hours=12), holds_place=True, may_forward=True)
    return write(actions.invite, event, event.sectors[0], invitee, terms, user_id=None, now=now).id
