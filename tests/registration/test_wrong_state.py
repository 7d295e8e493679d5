"""Acts for a registration that is in another state than its page showed: nothing is changed, and nobody is told."""

import pytest

from forum.accounts.enums import Role
from forum.events.enums import SectorPolicy
from forum.extensions import db
from forum.registration import (
    actions,
    joining,
    moving,
    new_address,
    offers_by_hand,
    reviewing,
)
from forum.registration.enums import Status
from forum.registration.errors import NotInReview, NotLive, StateChanged
from forum.review import actions as review
from tests.factories.events import NOW, make_archive, make_event, make_sector
from tests.factories.registrations import confirmed, register, register_elsewhere, write
from tests.registration.reading import last_id, queued, recorded
from tools.organisers import make_user


@pytest.fixture
def event(database):
    sectors = [make_sector("ngo", position=0), make_sector("other", position=1, policy=SectorPolicy.REVIEW)]
    return make_event(sectors=sectors)


def refused(error, rule, *arguments, **more) -> None:
    with pytest.raises(error):
        write(rule, *arguments, now=NOW, **more)
    db.session.rollback()


def test_acts_for_somebody_who_has_left_or_stands_otherwise_change_nothing(event):
    user = make_user()
    pending, person, left = register(event, "ngo"), confirmed(event, "ngo"), confirmed(event, "ngo")
    write(actions.cancel, left, actor="command", now=NOW)
    acts, since = len(recorded(person)), last_id()
    by = {"user_id": user.id}
    refused(StateChanged, offers_by_hand.offer, person, reason="Ours.", **by)
    refused(StateChanged, offers_by_hand.extend, person, NOW, **by)
    refused(NotLive, actions.resend, left, actor="command")
    refused(StateChanged, actions.resend, person, actor="command", kind="waiting")
    refused(NotInReview, review.recuse, person, **by)
    refused(NotInReview, reviewing.approve, person, actor="command")
    refused(NotLive, new_address.ask, left, "new@example.org", actor="command")
    assert moving.foresee(left, left.sector, actor="command", now=NOW) == moving.Outcome.AS_IT_IS
    assert (pending.status, person.status, left.status) == (
        Status.PENDING,
        Status.CONFIRMED,
        Status.CANCELLED,
    )
    assert (len(recorded(person)), queued(since)) == (acts, [])


def test_nobody_moves_or_is_approved_once_the_event_is_over(event):
    sectors = [make_sector("ngo"), make_sector("other", policy=SectorPolicy.REVIEW)]
    archive = make_archive(sectors=sectors)
    person, reviewed = register_elsewhere(archive, "ngo"), register_elsewhere(archive, "other")
    refused(NotLive, moving.move, person, archive.sectors[1], may_wait=True, actor="command")
    refused(NotLive, reviewing.approve, reviewed, actor="command")


def test_a_reviewer_who_leaves_a_decision_to_others_takes_the_own_proposal_along(event):
    first, second = (make_user(Role.ORGANISER, event) for _each in range(2))
    person = confirmed(event, "other")
    assert person.status == Status.IN_REVIEW
    write(review.recuse, person, user_id=first.id, now=NOW)
    acts = len(recorded(person))
    write(review.recuse, person, user_id=first.id, now=NOW)
    assert len(recorded(person)) == acts
    refused(review.NobodyElse, review.recuse, person, user_id=second.id)


def test_two_protected_identities_are_joined_as_far_as_they_fit():
    bare = {"is_protected": False}
    mine = {"is_protected": True, "real_name": "Eva"}
    theirs = {"is_protected": True, "real_name": "Eva Ek", "contact": "post"}
    assert joining.joined_identity(mine, bare) == mine
    assert joining.joined_identity(bare, theirs) == theirs
    joined = joining.joined_identity(mine, theirs)
    assert joined["real_name"] == "Eva"
