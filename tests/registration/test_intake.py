"""One rule decides both whether the registration form is shown and whether a sent form is refused."""

from datetime import timedelta

import pytest

from forum.database import start_write
from forum.events.enums import SectorPolicy
from forum.events.queries import find_sector, registration_state
from forum.extensions import db
from forum.registration import actions, intake, places
from forum.registration.enums import Status
from forum.registration.errors import (
    RegistrationClosed,
    RegistrationRefused,
    SectorByInvitation,
    SectorClosed,
    SectorFull,
)
from tests.factories.events import NOW, make_event, make_sector
from tests.factories.registrations import make_applicant, register, write

pytestmark = pytest.mark.usefixtures("database")
DAY = timedelta(days=1)
STATES = {
    "open": {},
    "upcoming": {"opens_at": NOW + DAY},
    "closed": {"closes_at": NOW},
    "over": {"starts_at": NOW - DAY, "ends_at": NOW},
    "archive": {"is_current": False, "starts_at": NOW - DAY, "ends_at": NOW},
    "unpublished": {"is_published": False},
}
NO_LINE = {"capacity": 1, "has_waiting_list": False}


@pytest.fixture
def app(make_app, sqlite_url):
    return make_app(sqlite_url)


def refusal_of_page(event) -> type | None:
    return intake.find_refusal(find_sector(event, "justice"), NOW)


def refusal_of_form(event) -> type | None:
    start_write(db.session)
    places.lock(event)
    try:
        intake.register(event, find_sector(event, "justice"), make_applicant(), now=NOW)
    except RegistrationRefused as refusal:
        return type(refusal)
    finally:
        db.session.rollback()
    return None


def both_refuse(event) -> type | None:
    page, form = refusal_of_page(event), refusal_of_form(event)
    assert page is form
    return page


@pytest.mark.parametrize(("state", "differing"), STATES.items(), ids=str)
def test_a_form_is_shown_and_taken_only_while_registration_is_open(state, differing):
    event = make_event(**differing)
    assert registration_state(event, NOW) == state
    assert both_refuse(event) == (None if state == "open" else RegistrationClosed)


@pytest.mark.parametrize(
    ("policy", "refusal"),
    [(SectorPolicy.OPEN, None), (SectorPolicy.REVIEW, None), (SectorPolicy.INVITATION, SectorByInvitation)],
)
def test_a_sector_refuses_by_its_policy(policy, refusal):
    assert both_refuse(make_event(sectors=[make_sector("justice", policy=policy)])) is refusal


@pytest.mark.parametrize("has_waiting_list", [True, False])
def test_a_sector_with_ceiling_0_is_closed_and_has_no_line_to_wait_in(has_waiting_list):
    event = make_event(sectors=[make_sector("justice", ceiling=0)], has_waiting_list=has_waiting_list)
    assert both_refuse(event) is SectorClosed


def test_a_full_sector_refuses_where_nobody_can_wait():
    event = make_event(sectors=[make_sector("justice", ceiling=1)], **NO_LINE)
    assert both_refuse(event) is None
    register(event)
    assert both_refuse(event) is SectorFull


def test_a_full_sector_takes_who_waits():
    event = make_event(capacity=1, sectors=[make_sector("justice", ceiling=1)])
    register(event)
    assert both_refuse(event) is None


def test_the_cap_of_an_organisation_is_told_only_to_the_owner_of_the_address():
    event = make_event(organisation_cap=1, has_waiting_list=False)
    register(event, organisation="Bolaget")
    assert refusal_of_page(event) is None
    late = register(event, organisation="Bolaget AB")
    assert (late.status, late.holds_place) == (Status.PENDING, False)
    with pytest.raises(SectorFull):
        write(actions.confirm, late, now=NOW)
