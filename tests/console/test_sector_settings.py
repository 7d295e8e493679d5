"""Capacity and sectors in the console: changes are previewed; one that breaks a limit is refused with its numbers;
sectors are moved, renamed, closed and removed.
"""

import pytest
from sqlalchemy import select

from forum import clock
from forum.accounts.enums import Role
from forum.audit.models import AuditEntry
from forum.columns import Text
from forum.database import start_write
from forum.events.models import Event
from forum.events.queries import find_sector
from forum.extensions import db
from forum.outbox.models import OutboxMessage
from forum.registration import by_hand
from forum.registration.applicant import Details
from tests.factories.events import make_archive, make_event, make_sector
from tests.factories.registrations import confirmed, write
from tools.pages import Page, Pages


@pytest.fixture
def app(make_app, database_url):
    """Give an app on each kind of database: places are counted under the event's lock, which differs between them."""
    return make_app(database_url)


def fill() -> None:
    """Save an event with three places, of which two are taken by NGOs, and one more NGO that waits."""
    sectors = [
        make_sector("politics", floor=1, ceiling=3, position=0),
        make_sector("ngo", ceiling=2, position=1),
    ]
    event = make_event(capacity=3, sectors=sectors)
    for _number in range(3):
        confirmed(event, "ngo")


@pytest.fixture
def small(filled, event) -> Event:
    return event


@pytest.fixture
def pages(sign_in_as, small) -> Pages:
    """Give a signed-in browser of an organiser of the small event."""
    return sign_in_as(Role.ORGANISER, small)


def numbers(event: Event) -> dict[str, list]:
    """Return the capacity, and each sector's floor (places kept for it), ceiling (most places) and places taken."""
    db.session.rollback()
    db.session.expire_all()
    shares = {sector.key: [sector.floor, sector.ceiling, sector.taken] for sector in event.sectors}
    return {"event": [event.capacity, event.taken], **shares}


def show(pages: Pages) -> Page:
    """Open the settings page with the capacity and the sectors."""
    return pages.get("settings.sectors", event="nf27")


def test_page_says_in_words_what_each_number_means(pages, small):
    page = show(pages)
    assert [words.partition(" Name")[0] for words in page.all(".share-words")] == [
        "0 are in; a floor of 1 keeps 1. Up to 1 more can come.",
        "2 are in; no place is kept. Nobody more can come now. 1 waits.",
    ]
    assert page.all(".effects-sum > div") == [
        "2 taken, 2 confirmed and 0 held",
        "1 kept by floors: Politics 1",
        "0 open to every sector below its ceiling",
        "3 places in all",
    ]
    assert "On 1 October 2027 the kept place becomes open to every sector below its ceiling." in page.text


def test_preview_says_what_saving_would_do_and_changes_nothing(pages, small):
    before = numbers(small)
    typed = {"capacity": "4", "shares-1-ceiling": "3"}
    page = show(pages).submit(typed, button="Preview", expect=200)
    assert "Nothing has been saved yet." in page.text
    assert "NGOs: 1 place is offered at once to the next in line, for 48 hours." in page.text
    assert page.all(".effects-sum > div")[-1] == "4 places in all"
    assert page.form().data["capacity"] == ["4"]
    assert numbers(small) == before
    assert not list(db.session.scalars(select(AuditEntry.id).where(AuditEntry.action.like("event.%"))))


def test_places_above_the_ceilings_are_named_in_the_preview_and_after_saving(pages, small):
    told = "Ceilings let 5 people in, so 3 of 8 places stay empty."
    assert "stay empty" not in show(pages).text
    page = show(pages).submit({"capacity": "8"}, button="Preview", expect=200)
    assert told in page.text
    assert page.all(".effects-sum > div")[-2:] == ["3 above the sum of the ceilings", "8 places in all"]
    page = page.submit({"capacity": "8"}, button="Save", follow=True)
    assert page.flashes == [f"Saved. {told}"]
    assert told in page.text


def test_more_places_are_offered_at_once(pages, small):
    page = show(pages).submit({"capacity": "4", "shares-1-ceiling": "3"}, button="Save", follow=True)
    assert page.flashes == ["Saved. 1 place has been offered to the next in line."]
    assert numbers(small) == {"event": [4, 3], "politics": [1, 3, 0], "ngo": [0, 3, 3]}
    kinds = list(db.session.scalars(select(OutboxMessage.kind).order_by(OutboxMessage.id)))
    assert kinds[-1] == "offered"


def test_enter_key_presses_the_button_that_changes_nothing(pages, small):
    page = show(pages).submit({"capacity": "9"}, expect=200)
    assert "Nothing has been saved yet." in page.text
    assert numbers(small)["event"] == [3, 2]


@pytest.mark.parametrize("button", ["Preview", "Save"])
@pytest.mark.parametrize(
    ("typed", "field", "said"),
    [
        ({"capacity": "1"}, "capacity", "2 places are taken: a capacity of 1 is 1 too low"),
        (
            {"shares-0-floor": "4", "shares-0-ceiling": "4"},
            "capacity",
            "The floors add up to 4: a capacity of 3",
        ),
        (
            {"shares-1-ceiling": "1"},
            "shares-1-ceiling",
            "2 have a place in NGOs: a ceiling of 1 is 1 too low",
        ),
        ({"shares-1-floor": "3"}, "shares-1-floor", "NGOs: a floor of 3 is above the ceiling of 2"),
        ({"shares-1-floor": "9" * 400}, "shares-1-floor", "Enter a number from 0 to 100000"),
        ({"shares-1-floor": "x"}, "shares-1-floor", "Enter a whole number, in digits"),
    ],
)
def test_what_would_break_a_limit_is_refused_with_the_numbers(pages, small, button, typed, field, said):
    before = numbers(small)
    page = show(pages).submit(typed, button=button, expect=422)
    assert said in page.errors[field]
    assert numbers(small) == before


def test_floors_may_change_places_while_all_are_kept(pages, small):
    """When one sector's floor (kept places) grows and another's shrinks, only their new sum must fit the capacity."""
    typed = {"shares-0-floor": "3", "shares-0-ceiling": "3"}
    show(pages).submit(typed, button="Save")
    show(pages).submit({"shares-0-floor": "1", "shares-1-floor": "2"}, button="Save")
    assert numbers(small) == {"event": [3, 2], "politics": [1, 3, 0], "ngo": [2, 2, 2]}


def test_moving_a_row_keeps_what_was_typed_and_saves_only_when_asked(pages, small):
    page = show(pages)
    page = page.form().submit({"shares-1-ceiling": "5"}, forged={"act": "up-ngo"}, expect=200)
    assert page.form().data["shares-0-key"] == ["ngo"]
    assert page.form().data["shares-0-ceiling"] == ["5"]
    assert list(numbers(small))[1:] == ["politics", "ngo"]
    page.submit(button="Save")
    assert list(numbers(small))[1:] == ["ngo", "politics"]
    assert numbers(small)["ngo"][1] == 5


def test_numbers_that_another_organiser_has_saved_are_compared(pages, small):
    page = show(pages)
    start_write(db.session)
    small.capacity = 7
    small.sectors.append(make_sector("tech", ceiling=2, position=5))
    db.session.commit()
    page = page.submit({"capacity": "5"}, button="Save", expect=409)
    assert page.all(".compared tbody tr") == ["Places in all 7 5"]
    assert page.form().data["shares-2-key"] == ["tech"]
    assert numbers(small)["event"] == [7, 2]
    page.submit(button="Save")
    assert numbers(small)["event"] == [5, 2]


def test_a_place_taken_meanwhile_counts_when_saving(pages, small):
    """A place taken while the form is open is no conflict; a ceiling (most places) below taken places is refused."""
    page = show(pages)
    confirmed(small, "politics")
    page = page.submit({"shares-0-floor": "0", "shares-0-ceiling": "0"}, button="Save", expect=422)
    assert page.errors == {"shares-0-ceiling": "1 have a place in Politics: a ceiling of 0 is 1 too low"}


def test_a_forged_sector_is_refused(pages, small):
    page = show(pages)
    page.form().submit(button="Save", forged={"shares-1-key": "elsewhere"}, expect=409)
    assert numbers(small)["ngo"] == [0, 2, 2]


def test_a_new_sector_is_the_last_and_has_a_key_of_its_own(pages, small):
    texts = {"name-sv": "Forskning", "name-en": "NGO", "invited-en": "You who do research."}
    page = pages.post(
        "settings.new_sector", {**texts, "floor": "0", "ceiling": "2"}, event="nf27", follow=True, expect=200
    )
    assert page.flashes == ["The sector has been added, the last in order."]
    assert numbers(small)["ngo-2"] == [0, 2, 0]
    assert small.sectors[-1].name == Text(sv="Forskning", en="NGO")


def test_a_new_sector_whose_floor_does_not_fit_is_refused(pages, small):
    typed = {"name-en": "Schools", "floor": "3", "ceiling": "3"}
    page = pages.post("settings.new_sector", typed, event="nf27", expect=422)
    assert page.errors == {"floor": "The floors add up to 4: a capacity of 3 is 1 too low"}


def test_a_sector_is_renamed_in_each_language(pages, small):
    pages.post("settings.sector", {"name-en": "Civil society"}, event="nf27", sector="ngo")
    assert "Civil society" in Pages(pages.app).get("registration.choose").text
    numbers(small)
    assert small.sectors[1].name == Text(sv="Civilsamhälle", en="Civil society")


def test_a_sector_with_people_is_closed_and_not_removed(pages, small):
    page = pages.get("settings.sector", event="nf27", sector="ngo")
    assert "Remove the sector" not in page.links
    page = pages.get("settings.remove_sector", event="nf27", sector="ngo")
    assert "3 registrations belong to this sector, so it cannot be removed." in page.text
    page = pages.get("settings.close_sector", event="nf27", sector="ngo")
    assert "2 have a place and keep it. The ceiling becomes 2, so nobody more gets in." in page.text
    page.submit()
    assert numbers(small)["ngo"] == [0, 2, 2]


def test_closing_a_sector_frees_what_its_floor_kept(pages, small):
    start_write(db.session)
    small.sectors[1].ceiling = 3
    db.session.commit()
    page = pages.post("settings.close_sector", {}, event="nf27", sector="politics", follow=True, expect=200)
    assert page.flashes == ["Politics has been closed. 1 place has been offered to the next in line."]
    assert numbers(small) == {"event": [3, 3], "politics": [0, 0, 0], "ngo": [0, 3, 3]}


def test_a_sector_without_people_is_removed(pages, small):
    page = pages.post("settings.remove_sector", {}, event="nf27", sector="politics", follow=True, expect=200)
    assert page.flashes == [
        "Politics has been removed. Ceilings let 2 people in, so 1 of 3 places stay empty."
    ]
    assert list(numbers(small)) == ["event", "ngo"]


def test_the_only_sector_is_not_removed(sign_in_as, database):
    event = make_event(sectors=[make_sector("ngo")])
    pages = sign_in_as(Role.ORGANISER, event)
    page = pages.get("settings.remove_sector", event="nf27", sector="ngo")
    assert "It is the only sector, so it cannot be removed" in page.text


def test_a_removal_that_comes_too_late_removes_nothing(pages, small):
    page = pages.get("settings.remove_sector", event="nf27", sector="politics")
    confirmed(small, "politics")
    page = page.submit(follow=True)
    assert "1 registration belongs to this sector, so it cannot be removed." in page.text
    assert "politics" in numbers(small)


def test_sectors_of_another_event_are_not_there(pages, small):
    make_archive(sectors=[make_sector("only-there")])
    for endpoint in ("settings.sector", "settings.close_sector", "settings.remove_sector"):
        pages.get(endpoint, event="nf27", sector="only-there", expect=404)


def test_offers_on_trial_are_those_that_saving_makes(pages, small):
    for _number in range(3):
        confirmed(small, "ngo")
    waiting = 4
    page = show(pages).submit({"capacity": "20", "shares-1-ceiling": "20"}, button="Preview", expect=200)
    assert f"NGOs: {waiting} places are offered at once" in page.text
    page = page.submit(button="Save", follow=True)
    assert page.flashes == [f"Saved. {waiting} places have been offered to those next in line."]


def test_a_place_that_is_given_without_an_offer_is_counted_apart(pages, small):
    details = Details("Kim", "Minister", "The ministry", "", "SE", "en", None)
    given = {"reason": "Called.", "may_wait": True, "actor": "command", "now": clock.now()}
    write(by_hand.add, small, find_sector(small, "ngo"), details, **given)
    page = show(pages).submit({"capacity": "20", "shares-1-ceiling": "20"}, button="Preview", expect=200)
    assert "NGOs: 1 place is offered at once to the next in line, for 48 hours." in page.text
    assert "NGOs: 1 person without an address gets a place at once and is not written to." in page.text
    page = page.submit(button="Save", follow=True)
    assert page.flashes == [
        "Saved. 1 place has been offered to the next in line."
        " 1 person without an address got a place at once and is not written to."
    ]


def test_the_waiting_list_says_who_is_passed_over_until_the_address_is_confirmed(pages, small):
    details = Details("Kim", "Minister", "The ministry", "", "SE", "en", None)
    given = {"reason": "Called.", "may_wait": True, "actor": "command", "now": clock.now()}
    write(by_hand.add, small, find_sector(small, "ngo"), details, email="kim@example.org", **given)
    page = pages.get("waiting_list.index", event="nf27")
    assert page.text.count("Passed over until the address is confirmed") == 1
    page = show(pages).submit({"capacity": "20", "shares-1-ceiling": "20"}, button="Preview", expect=200)
    assert "without an address" not in page.text
    page = page.submit(button="Save", follow=True)
    assert page.flashes == ["Saved. 1 place has been offered to the next in line."]
