"""The front page of an event, and the redirect from / to it."""

import json
from datetime import UTC, datetime, timedelta
from io import BytesIO

import pytest
from PIL import Image

from forum import clock
from forum.columns import Text
from tests.factories.events import (
    HELP_LINES,
    ORGANISER,
    make_archive,
    make_event,
    make_page,
    make_sector,
)
from tests.factories.news import make_post
from tests.factories.registrations import confirmed, register

pytestmark = pytest.mark.usefixtures("frozen", "database")
OPENS, CLOSES = datetime(2027, 4, 3, 12, tzinfo=UTC), datetime(2027, 10, 31, 22, 59, tzinfo=UTC)
SECOND = timedelta(seconds=1)
CLOSING = "Registration is open until 31 October 2027 at 23:59 (CET)."


@pytest.mark.parametrize(
    ("asked", "path"),
    [
        (None, "/sv/"),
        ("en", "/en/"),
        ("sv-SE,sv;q=0.9,en;q=0.8", "/sv/"),
        ("en-GB,en;q=0.9,sv;q=0.8", "/en/"),
        ("da, nb;q=0.8, en;q=0.5", "/sv/"),
        *[(f"{code}, en;q=0.5", "/sv/") for code in ("nb-NO", "nn", "no", "da-DK")],
        ("de-DE,de;q=0.9", "/en/"),
        ("de, sv;q=0.1", "/sv/"),
        ("fi", "/en/"),
        ("*", "/sv/"),
        ("en;q=0", "/sv/"),
        ("\x00;;q=x,,", "/sv/"),
        ("en," * 2000, "/en/"),
    ],
)
def test_root_leads_to_the_language_asked_for_without_a_cookie(pages, asked, path):
    page = pages.get("/", expect=302, headers={"Accept-Language": asked} if asked else None)
    assert (page.location, page.headers["Vary"]) == (path, "Accept-Language")
    assert "Set-Cookie" not in page.headers


def test_front_says_what_when_and_where(pages):
    make_event()
    page = pages.get("home.front")
    assert (page.h1, page.title) == (
        "Nordic Forum for testing",
        "Nordic Forum for testing – Nordic Forum 2027",
    )
    assert page.all(".kicker")[0] == "#NF27"
    assert page.all(".hero-date > *") == ["16–17 November 2027", "Stockholm"]
    assert page.soup.select_one(".hero-date time")["datetime"] == "2027-11-16"
    assert page.links["Add to calendar"] == "/en/event.ics"
    assert page.links["forum@example.org"] == "mailto:forum@example.org"


def test_front_has_the_help_lines_of_each_country(pages):
    make_event(help_lines=HELP_LINES)
    page = pages.get("home.front")
    assert page.all("main tbody tr")[-2:] == ["Sweden 112 114 14 – The hotline", "Iceland 112 – 1717 –"]
    assert page.soup.find(id="help")
    assert page.all("caption")[-1] == "Help and reporting in each Nordic country"


def test_help_table_of_a_single_country_names_that_country(pages):
    make_event(help_lines=HELP_LINES[:1])
    assert pages.get("home.front").all("caption")[-1] == "Help and reporting in Sweden"


def test_front_tells_machines_who_arranges_the_event(pages):
    make_event(**ORGANISER)
    data = json.loads(pages.get("home.front").soup.select_one('script[type="application/ld+json"]').string)
    assert (data["organizer"]["name"], data["organizer"]["telephone"]) == (
        "The secretariat",
        "+46 8 465 004 40",
    )
    assert data["organizer"]["address"]["addressLocality"] == "Stockholm"


def test_front_shows_how_many_places_each_sector_could_still_get(pages):
    tech = make_sector("tech", floor=2, ceiling=8, taken=1)
    ngo = make_sector("ngo", floor=4, ceiling=4, taken=0)
    politics = make_sector("politics", floor=0, ceiling=3, taken=3)
    make_event(capacity=10, taken=4, sectors=[tech, ngo, politics], has_waiting_list=False)
    page = pages.get("home.front")
    rows = [" ".join(row.get_text(" ").split()) for row in page.soup.select(".seats tr")]
    assert rows == [
        "Sector taken held left",
        "IT and telecom 1 0 2",
        "NGOs 0 0 4",
        "Politics 3 0 full",
        "All sectors 4 0 6 of 10",
    ]


def test_front_tells_held_places_and_those_who_wait_from_taken_ones(pages):
    event = make_event(capacity=4, sectors=[make_sector("justice", ceiling=2), make_sector("ngo", ceiling=3)])
    confirmed(event, "justice"), register(event, "justice"), confirmed(event, "justice")
    page = pages.get("home.front")
    rows = {row.th.text.strip(): row.select("td") for row in page.soup.select(".seats tbody tr")}
    assert {
        name: [" ".join(cell.get_text(" ").split()) for cell in cells] for name, cells in rows.items()
    } == {
        "Justice": ["1", "1", "full , 1 waiting"],
        "NGOs": ["0", "0", "2"],
    }
    assert page.all(".ring-words") == ["1 waiting", "2 left"]
    (note,) = page.all(".seats-note")
    assert "Held: kept until an address is confirmed, or an offer or an invitation is answered." in note
    assert note.endswith("Hollow dots outside the ring: people on the waiting list.")


def test_nobody_who_waits_is_in_the_key_of_a_ring_without_them(pages):
    event = make_event(capacity=4, sectors=[make_sector("justice", ceiling=2)])
    confirmed(event, "justice")
    assert "outside the ring" not in pages.get("home.front").text
    assert pages.get("registration.choose").all(".ring-key span") == ["taken", "held", "free"]


def test_key_of_the_ring_beside_the_choice_has_those_who_wait(pages):
    event = make_event(capacity=4, sectors=[make_sector("justice", ceiling=1), make_sector("ngo", ceiling=3)])
    confirmed(event, "justice"), confirmed(event, "justice")
    page = pages.get("registration.choose")
    assert page.all(".ring-key span") == ["taken", "held", "free", "outside: waiting"]


def test_one_line_explains_why_the_sectors_add_up_to_more_than_is_left(pages):
    make_event(capacity=5, sectors=[make_sector("justice", ceiling=5), make_sector("ngo", ceiling=5)])
    assert pages.get("home.front").all(".seats-note") == [
        "“Up to” is a sector’s own limit; all sectors share the 5 places that are left."
    ]


def test_each_sector_leads_to_its_form_by_its_name_and_by_who_is_invited(pages):
    make_event(
        capacity=2,
        sectors=[make_sector("justice", ceiling=1), make_sector("ngo", ceiling=1, taken=1)],
        taken=1,
    )
    page = pages.get("home.front")
    assert [link["href"] for link in page.soup.select(".seats a, .invited a")] == [
        f"/en/register/{key}" for key in ("justice", "ngo", "justice", "ngo")
    ]
    assert page.all(".invited-way a") == ["Register under Justice", "Join the waiting list for NGOs"]


def test_front_shows_programme_invited_sharing_and_facts(pages):
    make_event(
        programme_points=[{"title": {"sv": "A", "en": "Point"}, "text": {"sv": "B", "en": "Said"}}],
        facts=[{"label": {"sv": "C", "en": "Cost"}, "value": {"sv": "D", "en": "Nothing"}}],
        sharing=Text(sv="x", en="One.\n\nTwo **words**."),
        sectors=[make_sector("tech", ceiling=250)],
    )
    page = pages.get("home.front")
    assert page.all(".day-points li, .invited h3, .invited h3 + p, .practical > div") == [
        "Point Said",
        "IT and telecom",
        "You who work with IT and telecom.",
        "Cost Nothing",
    ]
    assert page.all(".sharing p") == ["One.", "Two words ."]


def _programme_point(title: str, **where) -> dict:
    return {"title": {"sv": title, "en": title}, "text": {"sv": "T", "en": "T"}, **where}


def test_front_shows_the_hours_and_what_each_day_holds(pages):
    make_event(
        nights=[{"ends": "17:00", "starts": "08:30"}],
        programme_points=[
            _programme_point("Later", day=1, starts="10:45"),
            _programme_point("Second", day=2, starts="09:15"),
            _programme_point("First", day=1, starts="09:00"),
        ],
    )
    page = pages.get("home.front")
    assert page.all(".hero-facts dd")[0] == "Tuesday 9:00–17:00 Wednesday 8:30–16:30"
    assert page.all(".day h3") == ["Tuesday 16 November 9:00–17:00", "Wednesday 17 November 8:30–16:30"]
    days = [day.select(".day-points li") for day in page.soup.select(".day")]
    assert [[" ".join(point.get_text(" ").split()) for point in points] for points in days] == [
        ["9:00 First T", "10:45 Later T"],
        ["9:15 Second T"],
    ]
    assert "Tisdag 9.00–17.00" in pages.get("home.front", lang="sv").text


def test_front_of_days_without_hours_says_none(pages):
    make_event(programme_points=[_programme_point("Only", day=2)])
    page = pages.get("home.front")
    assert page.all(".hero-facts dt") == ["Registration"]
    assert page.all(".day h3") == ["Tuesday 16 November", "Wednesday 17 November"]


def test_front_ends_with_the_way_to_register_while_one_can(pages):
    make_event(opens_at=OPENS, closes_at=CLOSES)
    clock.freeze(CLOSES - SECOND)
    page = pages.get("home.front")
    assert "250 of 250 places are left" in page.all(".again")[0]
    assert page.soup.select(".again a")[0]["href"] == "/en/register"


def test_front_shows_the_three_latest_posts(pages):
    make_event()
    for number in range(4):
        make_post(headline=f"Post {number}")
    page = pages.get("home.front")
    assert page.all(".teaser-headline") == ["Post 3", "Post 2", "Post 1"]
    assert page.links["All news"] == "/en/news/"


def test_front_without_posts_pages_or_programme_has_no_empty_parts(pages):
    make_event(sharing=Text(sv="", en=""))
    page = pages.get("home.front")
    assert page.soup.select(".lead-post, .day, .practical, .sharing") == []
    assert "All practical information" not in page.links


def test_front_leads_to_the_pages_that_exist(pages):
    event = make_event()
    make_page(event, "practical"), make_page(event, "privacy")
    make_event_facts = pages.get("home.front").links
    assert (
        make_event_facts["How it works with a protected identity"] == "/en/pages/privacy#protected-identity"
    )


def test_front_tells_machines_about_the_event(pages):
    make_event(name=Text(sv="x", en="</script><b>Forum"))
    page = pages.get("home.front")
    data = json.loads(page.soup.select_one('script[type="application/ld+json"]').string)
    assert (data["@type"], data["name"], data["url"]) == (
        "Event",
        "</script><b>Forum",
        "http://127.0.0.1:8000/en/",
    )
    assert (data["startDate"], data["endDate"]) == ("2027-11-16T09:00:00+01:00", "2027-11-17T16:30:00+01:00")
    assert data["location"] == {
        "@type": "Place",
        "name": "Stockholm",
        "address": {"@type": "PostalAddress", "addressLocality": "Stockholm"},
    }
    assert data["organizer"]["@type"] == "Organization"
    found = {meta["property"]: meta["content"] for meta in page.soup.select("meta[property^='og:']")}
    assert (found["og:type"], found["og:url"]) == ("website", "http://127.0.0.1:8000/en/")
    assert data["image"] == [found["og:image"]] == ["http://127.0.0.1:8000/en/share.png"]
    assert {link["hreflang"] for link in page.soup.select("head link[hreflang]")} == {"sv", "en"}


@pytest.mark.parametrize(("country", "currency"), [("SE", "SEK"), ("FI", "EUR"), ("XX", None), ("", None)])
def test_currency_is_that_of_the_organisers_country_and_the_place_has_only_what_the_event_says(
    pages, country, currency
):
    """The currency that search engines read is that of the organiser's country: several countries share a time zone."""
    make_event(**{**ORGANISER, "organiser_address": {"country": country}}, timezone="Europe/Stockholm")
    data = json.loads(pages.get("home.front").soup.select_one('script[type="application/ld+json"]').string)
    assert data["offers"].get("priceCurrency") == currency
    assert "addressCountry" not in data["location"]["address"]


@pytest.mark.parametrize("path", ["/en/", "/sv/", "/en/events/nf16/", "/en/news/", "/en/register"])
def test_every_public_page_names_a_picture_that_is_there(pages, path):
    make_event(), make_archive()
    page = pages.get(path)
    url = page.soup.select_one("meta[property='og:image']")["content"]
    assert Image.open(BytesIO(pages.get(url.removeprefix("http://127.0.0.1:8000")).data)).size == (1200, 630)


def test_picture_without_an_event_names_the_site(pages, monkeypatch):
    drawn = []
    monkeypatch.setattr("forum.web.share_picture.draw", lambda card: drawn.append(card) or b"")
    pages.get("/sv/share.png")
    make_event()
    pages.get("/sv/share.png")
    assert [(card.title, card.below) for card in drawn] == [
        ("Nordiskt forum", ""),
        ("Nordiskt forum för provning", "16–17 november 2027 · Stockholm"),
    ]


@pytest.mark.parametrize("path", ["/en/", "/en/events/nf16/"])
def test_front_costs_the_same_with_one_and_with_three_posts(pages, path):
    event, archive = make_event(), make_archive()
    make_page(event), make_page(archive)
    shown = event if path == "/en/" else archive
    make_post(event_id=shown.id)
    one = pages.get(path)
    for _number in range(2):
        make_post(event_id=shown.id)
    three = pages.get(path)
    assert (len(one.all(".teaser-headline")), len(three.all(".teaser-headline"))) == (1, 3)
    assert len(one.statements) == len(three.statements) <= 8
