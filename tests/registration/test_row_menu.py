"""The menu of a row in the attendee list leads to the pages of acts that fit the person and the reader (S12)."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from forum import clock
from forum.accounts.enums import Role
from forum.events.enums import SectorPolicy
from forum.extensions import db
from forum.registration import actions, offers_by_hand
from forum.registration.enums import Status
from forum.registration.models import Registration
from tests.factories.events import NOW, make_event, make_sector
from tests.factories.registrations import confirmed, register, write
from tools.organisers import make_user

LIST = "/console/nf27/attendees"
ALWAYS = ["Open the page", "Change the tags", "Add or remove notes"]
LIVE = [
    *("Open the page", "Change the details", "Change the tags", "Add or remove notes"),
    *("Move to another sector", "Send the message again", "Cancel the registration"),
]


@pytest.fixture
def event(database):
    reviewed = make_sector("justice", policy=SectorPolicy.REVIEW, position=2)
    return make_event(capacity=9, sectors=[make_sector("ngo", ceiling=1, position=1), reviewed])


@pytest.fixture
def people(event) -> dict[str, Registration]:
    """Register a person in each state for which the menu differs, named by family name."""
    _placed, _waiting, offered = (
        confirmed(event, "ngo", family_name=name) for name in ("Alm", "Berg", "Celsing")
    )
    confirmed(event, "justice", family_name="Dal")
    gone = confirmed(event, "justice", family_name="Ek")
    register(event, "justice", family_name="Fors")
    write(actions.cancel, gone, actor="command", now=NOW)
    write(lambda: setattr(event.sectors[0], "ceiling", 2))
    write(
        offers_by_hand.offer,
        offered,
        reason="Out of turn.",
        user_id=make_user(Role.ORGANISER, event).id,
        now=NOW,
    )
    return {one.family_name: one for one in db.session.scalars(select(Registration))}


def end(event) -> None:
    event.starts_at, event.ends_at = NOW - timedelta(days=2), NOW - timedelta(days=1)


def menus(page) -> dict[str, list[str]]:
    """Return the names in each row's menu by the family name of its person."""
    return {
        row.select_one(".person-name").get_text(" ").split(",")[0].strip(): [
            link.get_text() for link in row.select(".row-menu a")
        ]
        for row in page.soup.select("#list tbody tr")
    }


def test_a_menu_has_the_acts_that_fit_the_state(organiser, people):
    shown = menus(organiser.get(LIST))
    assert {one.status for one in people.values()} >= {Status.WAITING, Status.OFFERED, Status.CANCELLED}
    assert shown == {
        "Alm": LIVE,
        "Berg": [*LIVE[:4], "Offer a place by hand", *LIVE[4:]],
        "Celsing": [*LIVE[:4], "Extend the offer", "Withdraw the offer", *LIVE[4:]],
        "Dal": [LIVE[0], "Decide", *LIVE[1:]],
        "Ek": [ALWAYS[0], "Undo the cancellation", *ALWAYS[1:]],
        "Fors": LIVE,
    }


def test_a_cancellation_is_undone_from_the_menu_for_a_day_and_whoever_is_in_review_is_decided_about(
    sign_in_as, event, people
):
    pages = sign_in_as(Role.REGISTRAR, event)
    page = pages.get(LIST)
    links = {link.get_text(): link["href"] for link in page.soup.select(".row-menu a")}
    assert pages.get(links["Decide"]).h1.startswith("Decide about ")
    pages.get(links["Undo the cancellation"]).form().submit(expect=303)
    assert db.session.get_one(Registration, people["Ek"].id).status == Status.IN_REVIEW
    write(actions.cancel, people["Ek"], actor="command", now=NOW)
    clock.freeze(NOW + timedelta(days=1))
    shown = menus(sign_in_as(Role.REGISTRAR, event, at=clock.now()).get(LIST))
    assert (shown["Ek"], shown["Dal"][1]) == (ALWAYS, "Decide")


def test_each_act_of_a_menu_opens_its_page_and_opening_it_changes_nothing(organiser, people):
    page = organiser.get(f"{LIST}?sector=ngo&q=a")
    before = [(one.id, one.status, one.version) for one in db.session.scalars(select(Registration))]
    links = {link["href"] for link in page.soup.select(".row-menu a")}
    assert len(links) >= 2 * len(LIVE)
    for link in links:
        assert link.endswith("?q=a&sector=ngo"), link
        organiser.get(link, expect=200)
    db.session.expire_all()
    assert [(one.id, one.status, one.version) for one in db.session.scalars(select(Registration))] == before
    named = page.soup.select_one(".row-menu summary")["aria-label"]
    assert named == f"Acts: Alm, Åsa, {people['Alm'].reference}"


def test_whoever_can_only_look_has_no_menu_and_after_the_event_no_place_is_offered(
    sign_in_as, organiser, event, people
):
    viewer = sign_in_as(Role.VIEWER, event)
    assert viewer.get(LIST).soup.select(".person-menu, .row-menu") == []
    write(end, event)
    shown = menus(sign_in_as(Role.REGISTRAR, event).get(LIST))
    assert {name for names in shown.values() for name in names} <= {
        *ALWAYS, "Change the details", "Cancel the registration",
    }  # fmt: skip
