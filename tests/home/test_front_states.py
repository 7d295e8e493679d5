"""The front page before, during and after registration, of a full event, of an earlier one, and without an event."""

import json
from datetime import UTC, datetime, timedelta

import pytest

from forum import clock
from forum.columns import Text
from forum.events.enums import SectorPolicy
from tests.factories.events import (
    NOW,
    ORGANISER,
    make_archive,
    make_event,
    make_page,
    make_sector,
)
from tests.factories.news import make_post
from tests.factories.registrations import confirmed

pytestmark = pytest.mark.usefixtures("frozen", "database")
OPENS, CLOSES = datetime(2027, 4, 3, 12, tzinfo=UTC), datetime(2027, 10, 31, 22, 59, tzinfo=UTC)
SECOND = timedelta(seconds=1)
CLOSING = "Registration is open until 31 October 2027 at 23:59 (CET)."


def test_front_leads_to_no_form_when_registration_is_over(pages):
    make_event(opens_at=OPENS, closes_at=CLOSES)
    clock.freeze(CLOSES)
    assert pages.get("home.front").soup.select(".again, .seats a, .invited a") == []


@pytest.mark.parametrize(
    ("now", "middle"),
    [(-1, "250 places from 3 April 2027"), (1, "249 places left of 250"), (220, "1 has a place")],
)
def test_middle_of_the_ring_says_what_is_true_before_while_and_after_one_can_register(pages, now, middle):
    event = make_event(opens_at=OPENS, closes_at=CLOSES)
    if now > 0:
        confirmed(event, "justice")
    clock.freeze(OPENS + timedelta(days=now))
    for page in ("home.front", "registration.choose"):
        assert " ".join(pages.get(page).all(".ring-big, .ring-small")) == middle


@pytest.mark.parametrize(
    ("moment", "policy", "label"),
    [
        (OPENS - SECOND, SectorPolicy.OPEN, "Registration"),
        (OPENS, SectorPolicy.OPEN, "Register"),
        (OPENS, SectorPolicy.INVITATION, "Registration"),
        (CLOSES, SectorPolicy.OPEN, "Registration"),
    ],
)
def test_every_page_speaks_of_registering_only_while_somebody_can(pages, moment, policy, label):
    event = make_event(opens_at=OPENS, closes_at=CLOSES, sectors=[make_sector("tech", policy=policy)])
    make_page(event, "practical")
    clock.freeze(moment)
    for path in ("/en/", "/en/news/", "/en/pages/practical", "/en/register"):
        page = pages.get(path)
        links = page.all("a[href='/en/register']:not(.button)")
        assert links == [label] * (3 if page.soup.select(".event-card") else 2), path
    assert label in pages.get("/en/news/").all(".event-card a")


@pytest.mark.parametrize("seconds", [-1, 0])
def test_front_of_a_past_event_speaks_of_the_past(pages, seconds):
    event = make_event(closes_at=datetime(2027, 12, 1, tzinfo=UTC), sectors=[make_sector("tech")])
    clock.freeze(event.ends_at + timedelta(seconds=seconds))
    page = pages.get("home.front")
    is_past = seconds == 0
    assert ("This forum is over and takes no registrations." in page.text) is is_past
    assert page.all("#invited") == ["Who was invited" if is_past else "Who is invited"]
    present = {"Register for a place", "Add to calendar", "Register under IT and telecom"}
    assert present & set(page.links) == (set() if is_past else present)
    assert bool(page.soup.select(".seats")) is not is_past


@pytest.mark.parametrize(
    ("now", "has_button", "said"),
    [
        (OPENS - SECOND, False, "Registration opens on 3 April 2027 at 14:00 (CEST)."),
        (OPENS, True, CLOSING),
        (CLOSES - SECOND, True, CLOSING),
        (CLOSES, False, "Registration closed on 31 October 2027 at 23:59 (CET)."),
    ],
)
def test_registration_opens_and_closes_on_the_second(pages, now, has_button, said):
    make_event(opens_at=OPENS, closes_at=CLOSES)
    clock.freeze(now)
    page = pages.get("home.front")
    assert ("Register for a place" in page.links) is has_button
    assert said in page.all(".hero-facts dd")[-1]


@pytest.mark.parametrize(
    ("closes_at", "said"),
    [
        (CLOSES, "Anmälan är öppen till och med den 31 oktober 2027."),
        (CLOSES - timedelta(hours=1), "Anmälan är öppen till den 31 oktober 2027 kl. 22.59 (CET)."),
    ],
)
def test_swedish_names_the_last_day_and_an_hour_only_where_it_is_not_the_last(pages, closes_at, said):
    make_event(opens_at=OPENS, closes_at=closes_at)
    clock.freeze(OPENS)
    assert said in pages.get("home.front", lang="sv").all(".hero-facts dd")[-1]


@pytest.mark.parametrize(
    ("has_waiting_list", "said"),
    [(True, "Every place is taken, but you can join the waiting list."), (False, "Every place is taken.")],
)
def test_front_of_a_full_event_says_so(pages, has_waiting_list, said):
    make_event(
        capacity=2,
        taken=2,
        sectors=[make_sector("tech", ceiling=2, taken=2)],
        has_waiting_list=has_waiting_list,
    )
    page = pages.get("home.front")
    assert said in page.all(".hero-facts dd")[-1]
    assert page.soup.select_one("svg.ring")["aria-label"].startswith("All 2 places are taken")


@pytest.mark.parametrize(
    ("language", "seen", "read_aloud"),
    [
        ("en", "1 place is taken", "The only place is taken;"),
        ("sv", "1 plats är tagen", "Den enda platsen är tagen;"),
    ],
)
def test_front_of_an_event_whose_only_place_is_taken_says_so(pages, language, seen, read_aloud):
    make_event(capacity=1, taken=1, sectors=[make_sector("tech", ceiling=1, taken=1)])
    ring = pages.get(f"/{language}/").soup.select_one("svg.ring")
    assert ring["aria-label"].startswith(read_aloud)
    assert seen in ring.text


def test_front_of_an_earlier_event_is_an_archive(pages):
    make_event()
    archive = make_archive()
    make_page(archive, "about")
    make_post(headline="Of then", event_id=archive.id)
    make_post(headline="Of now", published_at=NOW)
    page = pages.get("/en/events/nf16/")
    assert page.all(".note-title")[0] == "This is an earlier forum"
    assert page.links["Go to the current forum"] == "/en/"
    assert page.all(".hero-facts dd")[-1] == "This forum is over and takes no registrations."
    assert page.all(".hero-action") == []
    assert "Register for a place" not in page.links
    assert page.soup.select(".seats") == []
    assert page.all(".teaser-headline") == ["Of then"]
    assert page.links["Page about"] == "/en/events/nf16/pages/about"
    assert page.all("#invited") == ["Who was invited"]


def test_front_of_an_earlier_event_names_who_arranged_that_one(pages):
    make_event(**ORGANISER)
    make_archive(organiser_name=Text(sv="Gamla kansliet", en="The office of then"))
    assert pages.get("/en/events/nf16/").all(".hero-host p")[0] == "Arranged by The office of then"
    assert pages.get("home.front").all(".hero-host p")[0] == "Arranged by The secretariat"


@pytest.mark.parametrize("path", ["/en/", "/en/register"])
@pytest.mark.parametrize(("moment", "offers"), [(CLOSES - SECOND, True), (CLOSES, False)])
def test_what_is_left_is_offered_until_registration_closes(pages, path, moment, offers):
    sectors = [make_sector(key, position=at) for at, key in enumerate(("justice", "ngo"))]
    event = make_event(capacity=4, sectors=sectors, closes_at=CLOSES)
    make_page(event, "privacy")
    clock.freeze(moment)
    page = pages.get(path)
    assert (" left" in page.text, "You can register under another name" in page.text) == (offers, offers)


@pytest.mark.parametrize(
    ("is_full", "label"), [(False, "Register for a place"), (True, "Join the waiting list")]
)
def test_main_buttons_of_a_full_event_offer_the_waiting_list_and_a_closed_sector_says_so(
    pages, is_full, label
):
    sectors = [make_sector("justice", position=1), make_sector("ngo", position=2, ceiling=0)]
    event = make_event(capacity=1, sectors=sectors)
    if is_full:
        confirmed(event)
    page = pages.get("home.front")
    assert page.all(".hero-action .button, .again-ways .button") == [label] * 2
    assert page.all(".invited li")[1].endswith("Closed")


def offer_on(page) -> str:
    data = json.loads(page.soup.select_one('script[type="application/ld+json"]').string)
    return data["offers"]["availability"].rpartition("/")[2]


@pytest.mark.parametrize(
    ("has_waiting_list", "label", "said"),
    [
        (False, None, "You cannot register now."),
        (
            True,
            "Join the waiting list",
            f"All places that you can register for are taken, but you can join the waiting list. {CLOSING}",
        ),
    ],
)
def test_front_offers_no_place_where_those_left_are_by_invitation(pages, has_waiting_list, label, said):
    """The front page does not count places of a sector for invited people only: nobody can register for them."""
    sectors = [
        make_sector("justice", position=1, policy=SectorPolicy.INVITATION),
        make_sector("ngo", position=2, ceiling=1, taken=1),
    ]
    make_event(taken=1, sectors=sectors, closes_at=CLOSES, has_waiting_list=has_waiting_list)
    front, choose = pages.get("home.front"), pages.get("registration.choose")
    assert front.all(".hero-action .button, .again-ways .button") == ([label] * 2 if label else [])
    assert front.all(".hero-facts dd")[-1] == said
    assert "places left" not in front.text + choose.text
    assert "of 250" not in front.text
    assert front.all(".ring-big, .ring-small") == choose.all(".ring-big, .ring-small") == ["1", "has a place"]
    assert offer_on(front) == "SoldOut"
    assert ("You cannot register now" in choose.text) is not has_waiting_list


def test_full_sectors_say_full_and_how_many_wait_if_anybody_does(pages):
    event = make_event(
        capacity=2,
        sectors=[make_sector(key, position=at, ceiling=1) for at, key in enumerate(("justice", "ngo"))],
    )
    for sector in ("justice", "ngo", "ngo"):
        confirmed(event, sector)
    cells = [
        " ".join(cell.replace(" ,", ",").split())
        for cell in pages.get("home.front").all(".seats tbody td:last-child")
    ]
    assert cells == ["full", "full, 1 waiting"]


def test_front_of_the_present_event_shows_no_archive_note(pages):
    make_event(), make_archive()
    assert "This is an earlier forum" not in pages.get("home.front").text


@pytest.mark.parametrize("path", ["/en/event.ics"])
def test_without_an_event_its_pages_are_not_found(pages, path):
    make_archive()
    make_event(is_published=False)
    assert pages.get(path, expect=404).title.endswith("Nordic Forum")


def test_without_an_event_the_front_says_that_one_is_prepared_and_nothing_of_it(pages):
    make_archive()
    make_event(is_published=False, name=Text(sv="Hemligt", en="Secret"), short_name=Text(en="Secret"))
    page = pages.get("/en/")
    assert (page.h1, page.title) == ("A forum is being prepared", "A forum is being prepared – Nordic Forum")
    assert page.soup.select_one("meta[name=robots]")["content"] == "noindex"
    assert "Secret" not in page.data.decode()
    assert pages.get("/sv/").h1 == "Ett forum förbereds"
    assert pages.get("/en/events/nf16/").h1 == "The forum of 2016"


@pytest.mark.parametrize("path", ["/sv/", "/sv/news/", "/nope", "/sv/r/left"])
def test_without_an_event_each_page_names_the_swedish_numbers(pages, path):
    page = pages.get(path, expect=404 if path == "/nope" else 200)
    numbers = [link["href"] for link in page.soup.select("footer a[href^='tel:']")]
    assert numbers == ["tel:112", "tel:11414"]


@pytest.mark.parametrize(
    ("now", "taken", "available"),
    [
        (OPENS - SECOND, 0, "PreOrder"),
        (OPENS, 0, "InStock"),
        (OPENS, 2, "SoldOut"),
        (CLOSES, 0, "SoldOut"),
    ],
)
def test_front_offers_places_that_cost_nothing_while_there_are_any(pages, now, taken, available):
    sectors = [make_sector("tech", floor=0, ceiling=2, taken=taken)]
    make_event(capacity=2, taken=taken, sectors=sectors, opens_at=OPENS, closes_at=CLOSES)
    clock.freeze(now)
    page = pages.get("home.front")
    (offer,) = [json.loads(page.soup.select_one('script[type="application/ld+json"]').string)["offers"]]
    assert (offer["price"], "priceCurrency" in offer) == ("0", False)
    assert offer["availability"] == f"https://schema.org/{available}"
    assert (offer["validFrom"], offer["url"]) == (
        "2027-04-03T14:00:00+02:00",
        "http://127.0.0.1:8000/en/register",
    )


def test_an_event_that_is_over_offers_nothing(pages):
    make_archive()
    page = pages.get("/en/events/nf16/")
    assert "offers" not in json.loads(page.soup.select_one('script[type="application/ld+json"]').string)


def test_visitors_are_offered_the_languages_of_the_event_alone(pages):
    event = make_event(languages=["en"])
    make_page(event, "practical")
    page = pages.get("/en/")
    assert page.soup.select(".site-languages, link[hreflang]") == []
    assert "/sv/pages/practical" not in pages.get("/sitemap.xml").text
    assert "/en/pages/practical" in pages.get("/sitemap.xml").text
    # A URL in a language that the event lacks redirects to the same page in one that it has.
    for path in ("/", "/pages/practical", "/event.ics", "/register", "/register/ngo"):
        assert pages.get(f"/sv{path}", expect=302).location == f"/en{path}"
