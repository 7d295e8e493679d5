"""The languages of an event after it was made: for a new one pages are drafted; a removed one's texts are kept."""

from datetime import date

import pytest

from forum.accounts.enums import Role
from forum.columns import Text
from forum.events import queries
from forum.events.enums import SectorTemplate
from forum.events.making import Plan, make_event
from forum.events.models import Event
from forum.events.publishing import publish
from forum.extensions import db
from tests.factories.events import NOW, make_page
from tests.factories.registrations import write
from tools.pages import Pages


@pytest.fixture
def app(make_app, database_url):
    """Give an app on each kind of database."""
    return make_app(database_url)


@pytest.fixture
def swedish(database, frozen) -> Event:
    """Make and publish an event in Swedish only, with a page of its own besides the drafted ones."""
    days = {"first_day": date(2027, 11, 16), "last_day": date(2027, 11, 16), "timezone": "Europe/Stockholm"}
    told = {
        "name": "Forum",
        "language": "sv",
        "place": "Stockholm",
        "capacity": 9,
        "contact_email": "a@example.org",
    }
    plan = Plan(**days, **told, template=SectorTemplate.OPEN, languages=("sv",))
    event = write(make_event, plan, actor="command", now=NOW)
    write(publish, event, actor="command", now=NOW)
    make_page(event, "visit", title=Text(sv="Besök"), summary=Text(sv="Hit."), body=Text(sv="Text."))
    return event


def bodies(event: Event) -> dict[str, Text]:
    """Return the stored body of each page by its slug."""
    db.session.rollback()
    db.session.expire_all()
    return {page.slug: page.body for page in queries.list_page_texts(event)}


def test_a_language_is_added_with_drafts_and_taken_away_with_its_pages(app, sign_in_as, swedish):
    pages, visitor = sign_in_as(Role.ORGANISER, swedish), Pages(app)
    here = {"event": swedish.slug}
    assert visitor.get("/en/pages/privacy", expect=302).location == "/sv/pages/privacy"

    page = pages.get("settings.languages", **here)
    assert "Visitors see them at once, blanks included." in page.text
    assert "Every text is there in every language of the event." in page.text
    page = page.submit({"languages": ["sv", "en"]}, follow=True)
    assert page.flashes == [
        "Saved. Drafted: Practical information, Privacy notice, Accessibility statement, Code of conduct."
    ]
    drafted = bodies(swedish)
    assert drafted["privacy"].keys() == {"sv", "en"}
    assert "[a@example.org](mailto:a@example.org)" in drafted["practical"]["en"]
    assert drafted["visit"] == {"sv": "Text."}
    assert page.all("#untranslated + ul li")[0] == "Front page, English Translate Front page, English"
    assert "Besök, English Translate Besök, English" in page.all("#untranslated + ul li")
    assert any("missing" in tab for tab in page.all(".settings-tabs li"))
    # The cache serves the page in the new language, with a link to the page in Swedish, at once.
    assert visitor.get("/en/pages/privacy").soup.html["lang"] == "en"
    assert "Svenska" in visitor.get("/en/pages/privacy").links

    page = page.submit({"languages": ["en"]}, follow=True)
    assert page.flashes == ["Saved. Pages in Swedish are hidden; their texts are kept."]
    assert visitor.get("/sv/pages/privacy", expect=302).location == "/en/pages/privacy"
    assert visitor.get("/sv/", expect=302).location == "/en/"
    assert "/sv/pages/privacy" not in visitor.get("/sitemap.xml").text
    assert bodies(swedish) == drafted
    # A language that is added again has its earlier texts; no drafts replace them.
    page = page.submit({"languages": ["sv", "en"]}, follow=True)
    assert page.flashes == ["Saved."]
    assert bodies(swedish) == drafted


def test_an_event_has_one_language_at_least(organiser, event):
    page = organiser.post("settings.languages", {"languages": []}, event="nf27", expect=422)
    assert page.errors == {"languages": "Choose at least one language"}


def test_another_organisers_choice_is_not_overwritten(organiser, event):
    page = organiser.get("settings.languages", event="nf27")
    organiser.post("settings.languages", {"languages": ["sv"]}, event="nf27")
    page = page.submit({"languages": ["en"]}, expect=409)
    assert page.all(".compared tbody tr") == ["Languages of the event Svenska English"]
    db.session.expire_all()
    assert event.languages == ["sv"]


def test_a_text_is_missing_in_the_languages_of_the_event_alone(organiser, event):
    organiser.post("settings.facts", {"name-en": ""}, event="nf27")
    assert organiser.get("settings.facts", event="nf27").all(".texts-missing") == ["missing"]
    organiser.post("settings.languages", {"languages": ["sv"]}, event="nf27")
    page = organiser.get("settings.facts", event="nf27")
    assert page.all(".texts-missing") == []
    assert page.all(".settings-tabs [aria-current]") == ["Facts"]
