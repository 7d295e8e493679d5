"""The frame of a console page: the link to the public site, the choice of language, and error pages."""

import pytest
from sqlalchemy import select

from forum.accounts.enums import Role
from forum.accounts.models import User
from forum.console.navigation import BELONGING
from forum.extensions import db
from tests.factories.events import make_event
from tools.organisers import make_user, sign_in
from tools.pages import Pages

UNKNOWN = "registrations/ZZZZ-ZZZZ"


def kept_languages():
    db.session.rollback()
    return db.session.scalars(select(User.language)).all()


def nav(page):
    return page.all(".console-side nav li")


def test_every_page_about_people_stands_under_attendees(app):
    about_people = {
        rule.endpoint
        for rule in app.url_map.iter_rules()
        if rule.rule.startswith(("/console/<event>/registrations/", "/console/<event>/attendees"))
        and "GET" in rule.methods
    }
    known = set().union(*BELONGING.values())
    assert {endpoint for endpoint in about_people - known if not endpoint.startswith("reveals.")} == set()


def test_the_page_that_adds_a_person_stands_under_attendees(organiser):
    page = organiser.get("attendee_additions.add", event="nf27")
    assert page.all(".console-side [aria-current=page]") == ["Attendees"]


def test_public_site_is_one_press_away(organiser):
    assert organiser.get("console.overview", event="nf27").links["View the public site"] == "/en/"


def test_public_site_of_another_event_is_that_events(sign_in_as, event, archive):
    page = sign_in_as(Role.ORGANISER, archive).get("console.overview", event="nf16")
    assert page.links["View the public site"] == "/en/events/nf16/"
    assert page.follow("View the public site").status == 200


def test_event_that_is_not_published_leads_to_the_sites_front_page(sign_in_as, event):
    hidden = make_event(slug="hidden", is_current=False, is_published=False)
    page = sign_in_as(Role.ORGANISER, hidden).get("console.overview", event="hidden")
    assert page.links["View the public site"] == "/en/"


def test_language_is_switched_on_every_page_and_kept_with_the_account(organiser):
    page = organiser.get("/console/nf27/attendees?status=place&sort=-name")
    assert page.all(".console-languages [aria-current]") == ["English"]
    swedish = page.form(".console-languages").submit(button="Svenska")
    assert swedish.location == "/console/nf27/attendees?status=place&sort=-name"
    after = organiser.get(swedish.location)
    assert (after.soup.html["lang"], after.h1.split()[0]) == ("sv", "Deltagare")
    assert kept_languages() == ["sv"]


def test_reading_an_address_changes_no_language(organiser):
    organiser.client.get("/console/nf27/?lang=sv")
    assert kept_languages() == ["en"]


def test_unknown_language_is_refused_and_another_site_is_not_led_to(organiser):
    form = organiser.get("console.overview", event="nf27").form(".console-languages")
    form.submit({}, forged={"language": "xx"}, expect=400)
    answer = form.submit({}, button="Svenska", forged={"next": "https://evil.example/"})
    assert answer.location == "/console/"


def test_language_of_a_form_with_errors_keeps_the_filters_of_its_list(organiser):
    form = organiser.get("/console/nf27/attendees/export?sector=ngo&q=Hemlig").submit(expect=422)
    swedish = form.form(".console-languages").submit(button="Svenska")
    assert swedish.location == "/console/nf27/attendees/export?sector=ngo&q=Hemlig"


def test_what_was_searched_for_stands_in_the_address_of_no_form(organiser):
    page = organiser.get("/console/nf27/attendees?q=Hemlig")
    assert page.soup.select_one("input[name=q]")["value"] == "Hemlig"
    actions = [form.get("action", "") for form in page.soup.select("form")]
    assert [action for action in actions if "Hemlig" in action] == []
    assert "Hemlig" not in page.soup.select_one(".console-user a")["href"]


@pytest.mark.parametrize("path", [UNKNOWN, "nothing/here", "attendees?status=nonsense"])
def test_page_that_is_not_there_stays_in_the_console(organiser, path):
    page = organiser.get(f"/console/nf27/{path}", expect=404)
    assert nav(page) == [
        *("Overview", "Attendees", "Organisations", "Waiting list", "Invitations", "Messages"),
        *("News", "Pages", "Images", "Figures", "Log", "Settings"),
    ]
    assert page.links["Go to the console’s first page"] == "/console/nf27/"
    assert page.soup.select(".site-footer, .site-header") == []


def test_address_that_answers_to_something_else_is_not_called_missing(organiser):
    page = organiser.get("/console/nf27/mail/1/retry", expect=405)
    assert "The address exists but cannot do what was asked." in page.text
    assert "no such page" not in page.text


def test_console_without_an_event_says_so_and_leads_to_the_public_site_that_says_it_too(sign_in_as, database):
    page = sign_in_as(Role.ORGANISER).get("/console/")
    assert page.all(".empty-title") == ["There is no event yet"]
    assert page.follow("View the public site").h1 == "A forum is being prepared"


def test_missing_page_speaks_the_organisers_language(sign_in_as, event):
    page = sign_in_as(Role.ORGANISER, event, language="sv").get(f"/console/nf27/{UNKNOWN}", expect=404)
    assert page.soup.html["lang"] == "sv"


def test_missing_page_of_the_account_stays_in_the_console_for_who_is_signed_in(organiser):
    assert nav(organiser.get("/account/nothing", expect=404))[0] == "Overview"


def test_missing_page_of_the_account_is_public_for_visitors(pages, event):
    assert pages.get("/account/nothing", expect=404).soup.select(".console-side") == []


def test_missing_page_says_nothing_of_an_event_that_is_not_ones_own(sign_in_as, event, archive):
    """Another organiser's event, a hidden and a missing one look alike; the header links the organiser's own event."""
    hidden = make_event(slug="hidden", is_current=False, is_published=False)
    organiser = sign_in_as(Role.ORGANISER, archive)
    same = {"X-Request-ID": "0123456789abcdef"}
    texts = {
        organiser.get(f"/console/{slug}/", expect=404, headers=same).soup.body.get_text()
        for slug in ("nf27", hidden.slug, "none-at-all")
    }
    assert len(texts) == 1
    page = organiser.get("/console/nf27/", expect=404)
    assert page.soup.select_one(".brand")["href"] == "/console/nf16/"
    assert "2027" not in page.soup.body.get_text()


def test_role_without_lists_gets_a_frame_without_them(app, sign_in_as, event):
    page = sign_in_as(Role.DOOR, event).get("/console/nf27/attendees", expect=404)
    assert (nav(page), page.links["Go to the console’s first page"]) == (
        ["Reception"],
        "/console/nf27/reception",
    )
    pages = Pages(app)
    sign_in(pages, make_user(None))
    page = pages.get("/console/nf27/attendees", expect=404)
    assert (nav(page), page.links["Go to the console’s first page"]) == ([], "/console/")


def test_visitor_gets_the_public_page_at_an_address_that_the_console_does_not_have(pages, event):
    page = pages.get("/console/nf27/nothing/here", expect=404)
    assert (len(page.soup.select(".site-header")), page.soup.select(".console-side")) == (1, [])
