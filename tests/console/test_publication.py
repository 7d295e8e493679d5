"""The checklist on the overview of an event that is not published, and publishing it."""

import pytest

from forum.accounts.enums import Role
from forum.columns import Text
from forum.database import start_write
from forum.extensions import db
from forum.outbox import heartbeats
from tests.factories.events import (
    HELP_LINES,
    NOW,
    ORGANISER,
    make_archive,
    make_event,
    make_page,
    make_sector,
)
from tests.factories.registrations import confirmed, write


@pytest.fixture
def app(make_app, sqlite_url):
    return make_app(sqlite_url, MAIL_SERVER="mail.example")


@pytest.fixture
def complete(database):
    """Save an unpublished event that has everything the checklist asks for except a backup."""
    event = make_event(is_published=False, help_lines=HELP_LINES, **ORGANISER)
    make_page(event, "privacy")
    write(heartbeats.beat, "worker", now=NOW)
    return event


def checks(page) -> dict[str, str]:
    """Return the state and the text of each item of the checklist on the page, by its title."""
    found = {}
    for check in page.soup.select(".check"):
        state, _, title = check.select_one(".check-title").get_text(" ", strip=True).partition(": ")
        detail = check.select_one(".check-detail")
        found[title.strip()] = f"{state}: {detail.get_text(strip=True) if detail else ''}"
    return found


def overview(pages):
    return pages.get("/console/nf27/")


def test_a_name_that_lacks_a_language_is_missing_on_the_checklist_and_before_publishing(sign_in_as, complete):
    write(setattr, complete, "name", Text({"en": "Nordic Forum"}))
    write(setattr, complete, "short_name", Text({"en": "Forum"}))
    told = "Not translated, so visitors read it in another language: Swedish: Name, Short name."
    page = overview(sign_in_as(Role.ORGANISER, complete))
    assert checks(page)["Name, dates and place"] == f"Needed: {told}"
    assert told in page.follow("Publish…").text


def test_event_that_lacks_nothing_can_be_published_without_being_asked_twice(sign_in_as, complete, pages):
    organiser = sign_in_as(Role.ORGANISER, complete)
    page = overview(organiser)
    assert page.h1 == "Before you publish"
    assert {title for title, said in checks(page).items() if not said.startswith("Done")} == {
        "Backup of the last day"
    }
    page = page.follow("Publish…")
    assert "missing" not in page.text
    page = page.form("main form").submit({}, follow=True, expect=200)
    assert page.flashes == ["The event is published. Visitors see it now."]
    assert (page.h1, pages.get("home.front").h1) == ("Overview", "Nordic Forum for testing")


def test_each_thing_that_is_missing_is_named(sign_in_as, database):
    event = make_event(
        is_published=False,
        contact_email="",
        name=Text(en="A forum"),
        lead=Text(sv="Klart", en="[One sentence.] and [another]"),
        sectors=[make_sector("ngo", floor=200, ceiling=200), make_sector("tech", floor=100, ceiling=100)],
    )
    make_page(event, "privacy", body=Text(sv="Skriv till [arrangörens adress].", en="Write to [a link](/x)."))
    page = overview(sign_in_as(event=event))
    assert page.links["Fill in : Organiser"] == "/console/nf27/settings/organiser"
    assert page.links["Fill in : Page privacy, Swedish"] == "/console/nf27/pages/privacy"
    said = checks(page)
    assert said["Organiser"].startswith("Needed")
    assert said["E-mail address for questions"].startswith("Needed")
    assert said["Postal address of the organiser"].startswith("Can wait")
    assert said["Sectors do not add up"] == "Needed: Floors keep 300 places, and there are 250."
    assert said["Front page, English"] == "Needed: 2 blanks: One sentence; another"
    assert said["Front page, Swedish"].startswith("Can wait: Not translated.")
    assert said["Page privacy, Swedish"] == "Needed: 1 blank: arrangörens adress"
    assert said["Page privacy, English"] == "Done: "
    assert said["Messages are being sent"].startswith("Needed")


@pytest.mark.parametrize(
    ("sectors", "said"),
    [
        ([], "There is none, so nobody can register."),
        ([("ngo", 0, 100)], "Ceilings let 100 people in, so 150 of 250 places stay empty."),
    ],
)
def test_sectors_that_leave_places_empty_do_not_add_up(sign_in_as, database, sectors, said):
    shares = [make_sector(key, floor=floor, ceiling=ceiling) for key, floor, ceiling in sectors]
    event = make_event(is_published=False, sectors=shares)
    assert said in overview(sign_in_as(event=event)).text


def test_registration_that_would_be_closed_is_needed(sign_in_as, database):
    event = make_event(is_published=False, opens_at=NOW.replace(month=3), closes_at=NOW.replace(month=4))
    assert checks(overview(sign_in_as(event=event)))["When registration is open"].startswith("Needed")


def test_missing_mail_server_is_told(sign_in_as, app, complete):
    app.config["MAIL_SERVER"] = ""
    assert "None is set" in checks(overview(sign_in_as(event=complete)))["Mail server"]


def test_publishing_with_blanks_asks_and_shows_them(sign_in_as, complete, pages):
    start_write(db.session)
    complete.lead = Text(sv="[En mening]", en="[One sentence]")
    db.session.commit()
    organiser = sign_in_as(event=complete)
    page = organiser.get("publication.publish", event="nf27")
    assert "[One sentence]" in page.text
    assert page.links["Front page, English"] == "/console/nf27/settings/texts"
    assert "[En mening]" in page.text
    page = page.form("main form").submit({}, expect=422)
    assert page.errors == {"even_so": "Fill in what is missing, or tick that you publish it all the same"}
    assert pages.get("home.front").h1 == "A forum is being prepared"
    page.form("main form").submit({"even_so": "y"})
    assert pages.get("home.front").h1 == "Nordic Forum for testing"


def test_blanks_on_public_pages_stay_something_to_do(sign_in_as, event):
    assert "blank" not in overview(sign_in_as(event=event)).text
    make_page(event, "privacy", body=Text(sv="[ett] och [två]", en="Done."))
    page = overview(sign_in_as(event=event))
    assert "2 blanks on public pages" in page.text
    assert "Page privacy, Swedish (2)." in page.text
    assert "[ett] och [två]" in page.follow("2 blanks on public pages").text


def test_another_front_page_is_displaced_by_an_admin_of_all_only(sign_in_as, event, complete_after, pages):
    confirmed(event, "ngo")
    page = sign_in_as(Role.ORGANISER, complete_after).get("publication.publish", event="nf28")
    assert "Nordic Forum 2027 stays the front page of the site." in page.text
    assert "An administrator of all events can make this one the front page." in page.text
    assert "to_front" not in page.form().names
    page = sign_in_as(Role.ADMIN).get("publication.publish", event="nf28")
    assert "Its pages and its registration move to an address of their own: /en/events/nf27/" in page.text
    assert "1 person is registered for it." in page.text
    page.submit({"even_so": True, "to_front": True})
    assert (event.is_current, complete_after.is_current) == (False, True)
    assert "Register for a place" in pages.get("/en/events/nf27/").links


@pytest.fixture
def complete_after(event):
    """Save an unpublished event that the checklist finds complete, beside the current event."""
    return make_event(slug="nf28", is_current=False, is_published=False, **ORGANISER)


def test_organiser_cannot_displace_another_event_by_sending_the_form(
    sign_in_as, event, complete_after, pages
):
    organiser = sign_in_as(Role.ORGANISER, complete_after)
    token = organiser.get("/console/nf28/").soup.select_one("[name=csrf_token]")["value"]
    sent = {"csrf_token": token, "even_so": "y", "to_front": "y"}
    assert organiser.client.post("/console/nf28/publication", data=sent).status_code == 303
    db.session.rollback()
    assert (event.is_current, complete_after.is_published, complete_after.is_current) == (True, True, False)
    assert "Register for a place" in pages.get("/en/events/nf28/").links


def test_earlier_event_is_made_the_front_page_by_an_admin_of_all(sign_in_as, event, pages):
    make_archive()
    sign_in_as(Role.ORGANISER).get("publication.front_page", event="nf16", expect=404)
    page = sign_in_as(Role.ADMIN).get("/console/nf16/").follow("Make it the front page")
    assert "Its pages and its registration move to an address of their own" in page.text
    page.form("main form").submit({})
    assert pages.get("home.front").h1 == "The forum of 2016"


def test_published_event_is_not_published_again(organiser):
    assert organiser.get("publication.publish", event="nf27", expect=303).location == "/console/nf27/"


def test_number_of_queries_does_not_grow_with_pages(sign_in_as, database):
    event = make_event(is_published=False)
    organiser = sign_in_as(event=event)
    make_page(event, "privacy")
    one = len(overview(organiser).statements)
    for slug in ("practical", "accessibility"):
        make_page(event, slug)
    assert len(overview(organiser).statements) == one
