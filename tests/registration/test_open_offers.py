"""The open offers beside the waiting list come page by page, the one that ends first before the others."""

from datetime import timedelta

import pytest

from forum.registration import places, waiting_list
from forum.registration.enums import Status
from tests.factories.events import NOW, make_event, make_sector
from tests.factories.registrations import change_capacity, confirmed, write
from tests.tables import names
from tools.pages import counted_statements

pytestmark = pytest.mark.usefixtures("frozen")
NAMES = [f"{letter}, Eva" for letter in "ABCDEFG"]


@pytest.fixture
def app(make_app, database_url):
    return make_app(database_url)


@pytest.fixture
def event(database, monkeypatch):
    """Save seven people with open offers, of which three fit on a page; each ends later than the one before."""
    monkeypatch.setattr("forum.registration.waiting_view.SHOWN", 3)
    event = make_event(capacity=0, sectors=[make_sector("ngo", ceiling=20)])
    people = [confirmed(event, "ngo", family_name=name[0], given_name="Eva") for name in NAMES]
    write(change_capacity, event, 20)

    def offer():
        places.lock(event)
        waiting_list.offer_free_places(event, now=NOW)
        for number, person in enumerate(people):
            person.offer_expires_at = NOW + timedelta(hours=10 + number)

    write(offer)
    assert {person.status for person in people} == {Status.OFFERED}
    return event


@pytest.fixture
def organiser(sign_in_as, event):
    return sign_in_as(event=event, at=NOW)


def summary(page) -> list[str]:
    return page.all(".pager-summary")


def test_open_offers_are_turned_page_by_page_there_and_back(organiser):
    first = organiser.get("waiting_list.index", event="nf27")
    assert (names(first), summary(first)) == (NAMES[:3], ["1–3 of 7"])
    assert "Previous" not in first.links
    second = first.follow("Next")
    assert (names(second), summary(second)) == (NAMES[3:6], ["4–6 of 7"])
    last = second.follow("Next")
    assert (names(last), summary(last)) == (NAMES[6:], ["7–7 of 7"])
    assert "Next" not in last.links
    again = last.follow("Previous").follow("Previous")
    assert (names(again), summary(again)) == (NAMES[:3], ["1–3 of 7"])


def test_a_page_beside_somebody_who_has_no_open_offer_is_the_first_one(organiser, event):
    waiting = confirmed(event, "ngo", family_name="Z", given_name="Eva")
    for beside in (waiting.reference, "NOBODY-1"):
        assert names(organiser.get("waiting_list.index", event="nf27", after=beside)) == NAMES[:3]


def test_all_open_offers_on_one_page_have_no_pager(organiser, monkeypatch):
    monkeypatch.setattr("forum.registration.waiting_view.SHOWN", 7)
    page = organiser.get("waiting_list.index", event="nf27")
    assert (names(page), page.all(".pager")) == (NAMES, [])


def test_a_page_of_open_offers_takes_as_many_statements_for_six_as_for_two(app, organiser, monkeypatch):
    def statements_of(shown: int) -> int:
        monkeypatch.setattr("forum.registration.waiting_view.SHOWN", shown)
        organiser.get("waiting_list.index", event="nf27")
        with counted_statements(app) as statements:
            page = organiser.get("waiting_list.index", event="nf27")
        assert len(names(page)) == shown
        return len(statements)

    assert statements_of(6) == statements_of(2)
