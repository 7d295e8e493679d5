"""Choosing a sector, and the reasons for which no form is shown: closed, full, by invitation, too many tries."""

from datetime import timedelta

import pytest

from forum import clock
from forum.events.enums import SectorPolicy
from forum.registration import places
from forum.registration.errors import NoSuchSector
from tests.factories.events import make_event, make_sector
from tests.factories.registrations import confirmed, register
from tests.registration.filling import checked, link_in, mails
from tools.pages import Pages

pytestmark = pytest.mark.usefixtures("frozen")


@pytest.fixture
def app(make_app, sqlite_url):
    return make_app(sqlite_url, FORM_MIN_SECONDS=0)


def test_choose_page_leads_to_each_sector_and_says_who_belongs_there_and_what_is_left(pages, event):
    page = pages.get("registration.choose")
    assert (page.h1, page.links["Justice"]) == (
        "Which sector are you taking part for?",
        "/en/register/justice",
    )
    assert page.all(".sector-choice-left")[1] == "up to 75 left"
    assert page.all(".sector-choice-text") == [sector.invited["en"] for sector in event.sectors]


def test_five_sectors_are_five_stops_of_the_keyboard(pages, event):
    links = pages.get("registration.choose").soup.select('main a[href*="/register/"]')
    stops = [link["href"] for link in links if link.get("tabindex") != "-1" and "link" not in link["href"]]
    assert stops == [f"/en/register/{sector.key}" for sector in event.sectors]


def test_choose_page_says_why_the_sectors_numbers_are_more_than_all_that_is_left(pages, event):
    note = "“Up to” is a sector’s own limit; all sectors share the 250 places that are left."
    assert note in pages.get("registration.choose").text


def test_choose_page_without_a_free_place_or_a_waiting_list_says_that_nobody_can_register(pages, database):
    make_event(
        has_waiting_list=False, sectors=[make_sector("justice", ceiling=1, taken=1)], capacity=1, taken=1
    )
    page = pages.get("registration.choose")
    assert (page.h1, page.soup.select(".sector-choice a")) == ("Registration", [])
    assert "You cannot register now Every place is taken. Write to us if you have a question." in page.text
    assert "You can register under another name" not in page.text + pages.get("home.front").text


def test_numbers_that_add_up_are_not_explained(pages, database):
    make_event(sectors=[make_sector("justice", ceiling=100), make_sector("tech", ceiling=150)])
    page = pages.get("registration.choose")
    assert page.all(".sector-choice-left") == ["100 left", "150 left"]
    assert "own limit" not in page.text


def test_a_sector_with_ceiling_0_is_closed_and_not_full(pages, database):
    make_event(sectors=[make_sector("justice", ceiling=0), make_sector("tech", ceiling=250)])
    page = pages.get("registration.choose")
    assert (page.all(".sector-choice-left")[0], "Justice" in page.links) == ("Closed", False)
    refused = pages.get("registration.details", sector="justice")
    assert (refused.h1, "waiting list" in refused.text) == ("This sector takes no registrations", False)


@pytest.mark.parametrize("path", ["/en/register", "/en/register/justice"])
def test_a_past_event_speaks_of_the_past(pages, event, path):
    clock.freeze(event.ends_at)
    page = pages.get(path)
    assert "It was held on 16–17 November 2027 and takes no registrations." in page.text
    assert "left" not in page.text


@pytest.mark.parametrize(("seconds", "status"), [(-1, 409), (0, 303)])
def test_registration_opens_on_the_second(pages, event, database, seconds, status):
    check = checked(pages)
    clock.freeze(event.opens_at + timedelta(seconds=seconds))
    assert check.submit(button="Register", expect=status).status == status


@pytest.mark.parametrize(("seconds", "status"), [(-1, 303), (0, 409)])
def test_registration_closes_on_the_second_and_keeps_the_answers(pages, event, database, seconds, status):
    check = checked(pages)
    clock.freeze(event.closes_at + timedelta(seconds=seconds))
    page = check.submit(button="Register", expect=status)
    if status == 409:
        assert (page.h1, page.all(".summary-list dd")[0]) == ("Registration is closed", "Þórdís")


def test_a_sector_by_invitation_says_so(pages, database):
    make_event(sectors=[make_sector("justice", policy=SectorPolicy.INVITATION)])
    page = pages.get("registration.details", sector="justice")
    assert page.h1 == "This sector is by invitation only"


def test_ring_and_list_say_the_same_of_a_sector_by_invitation(pages, database):
    invited = {"policy": SectorPolicy.INVITATION, "ceiling": 200}
    sectors = [make_sector("justice", position=1, ceiling=75), make_sector("ngo", position=2, **invited)]
    make_event(capacity=75, sectors=sectors)
    page = pages.get("registration.choose")
    assert page.all(".ring-words") == page.all(".sector-choice-left") == ["75 left", "By invitation"]
    assert "own limit" not in page.text


def test_a_full_sector_without_waiting_list_says_so(pages, database):
    event = make_event(has_waiting_list=False, sectors=[make_sector("justice", ceiling=1)])
    register(event)
    page = pages.get("registration.details", sector="justice")
    assert page.h1 == "All places in this sector are taken"


def test_a_stranger_does_not_learn_from_a_cap_who_comes(app, database):
    """Without a waiting list a full organisation's form is accepted, too; only the owner of the address is told why."""
    event = make_event(has_waiting_list=False, organisation_cap=1)
    confirmed(event, organisation="Hemliga byrån", is_protected=True)
    answers = []
    for name, organisation in (("a", "Hemliga byrån"), ("b", "Annan byrå")):
        page = checked(Pages(app), organisation=organisation, email=f"{name}@attacker.example")
        answers.append(page.submit(button="Register", follow=True).text.replace(f"{name}@", "NAME@"))
    assert answers[0] == answers[1]
    (sent,) = [mail for mail in mails(database) if mail.recipient == "a@attacker.example"]
    owner = Pages(app).get(link_in(sent))
    refused = owner.submit(button="Confirm my address", expect=409)
    assert "There is no place for you in this sector now" in refused.text


def test_too_many_tries_from_one_network_keep_the_answers(make_app, sqlite_url, pages, event):
    check = checked(pages)
    pages.app.config["REGISTRATIONS_PER_ADDRESS"] = "1 per hour"
    check.submit(button="Register")
    page = check.submit(button="Register", expect=429)
    assert (page.h1, page.all(".summary-list dd")[0]) == (
        "Too many registrations from your network",
        "Þórdís",
    )
    assert "Wait up to 1 hour and press the button again." in page.text


def test_sector_that_comes_into_being_while_it_is_asked_for_is_404_this_once(pages, event, monkeypatch):
    def refuse(*_given, **_named):
        raise NoSuchSector

    page = checked(pages)
    monkeypatch.setattr(places, "lock_sector", refuse)
    assert page.submit(button="Register", expect=404).h1 == "Page not found"


def test_unknown_sector_is_404(pages, event):
    assert pages.get("registration.details", sector="astrology", expect=404).h1 == "Page not found"


def test_every_page_speaks_swedish(app, event, database):
    swedish = Pages(app, language="sv")
    assert swedish.get("registration.choose").h1 == "Vilken sektor deltar du för?"
