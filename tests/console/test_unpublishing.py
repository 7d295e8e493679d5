"""Taking an event off the site: what organisers are asked, what visitors read, and what people's links still open."""

import pytest

from forum.audit.models import AuditEntry
from forum.columns import Text
from forum.events import publishing
from forum.registration import actions
from tests.factories.events import NOW, make_archive, make_event, make_page
from tests.factories.news import make_post
from tests.factories.registrations import confirmed, register, write
from tests.registration.filling import ANSWERS, checked
from tests.registration.reading import newest_mail

pytestmark = pytest.mark.usefixtures("frozen")
TITLE = "These pages are not public at the moment"
FRONT = ("/en/", "/en/pages/practical", "/en/register", "/en/register/justice", "/en/event.ics")


@pytest.fixture
def app(make_app, database_url):
    return make_app(database_url)


@pytest.fixture
def event(database):
    event = make_event()
    make_page(event, "practical")
    make_post(event_id=event.id)
    return event


def own_path(registration) -> str:
    """Return the path of the personal link in the newest mail."""
    return newest_mail(registration).address.removeprefix("http://127.0.0.1:8000")


def test_unpublishing_asks_and_leaves_what_people_have(sign_in_as, event, pages, database):
    person, waits = confirmed(event, "justice"), register(event, "justice")
    assert pages.get("/en/pages/practical").h1 == "Page practical"
    page = sign_in_as(event=event).get("/console/nf27/").follow("Unpublish…")
    assert "2 people are registered." in page.text
    assert "2 places are held." in page.text
    assert "1 public post about the event stays public. Buttons and links in posts" in page.text
    page = page.submit({}, expect=422)
    assert list(page.errors) == ["even_so"]
    page = page.submit({"even_so": True}, follow=True)
    assert (page.h1, page.flashes) == ("Before you publish", ["The event is not public any more."])
    assert [entry.action for entry in database.query(AuditEntry)][-1] == "event.unpublished"

    # At every URL visitors read that the event is not public; no cached page is served any more.
    assert [pages.get(path, expect=200 if path == "/en/" else 404).h1 for path in FRONT] == [TITLE] * 5
    front = pages.get("/en/")
    assert front.all("main a[href^=mailto]") == [event.contact_email]
    assert "Contact" not in front.all("footer h2")
    assert "nf27" not in pages.get("/sitemap.xml").text

    # Personal links work, and their pages link to no page of the hidden event.
    mine = pages.get(own_path(person), follow=True)
    assert (mine.h1, mine.all(".note-title")) == (
        "You have a place",
        ["The forum is not public at the moment"],
    )
    hidden = {"/en/register", "/en/pages/practical"}
    assert hidden.isdisjoint(mine.links.values())
    assert "Nordic Forum for testing" in pages.get("/en/r/forum.ics").text
    cancelling = pages.get("/en/r/cancel")
    assert "so you cannot register again for now" in cancelling.text
    cancelled = cancelling.submit({}, follow=True)
    assert (cancelled.h1, hidden & set(cancelled.links.values())) == ("Your registration is cancelled", set())
    asked = pages.get(own_path(waits))
    assert hidden.isdisjoint(asked.links.values())
    assert asked.submit({}, follow=True).h1 == "You have a place"

    # Published again, the site is public and people have their places.
    write(publishing.publish, event, actor="command", now=NOW)
    assert pages.get("/en/").h1 == "Nordic Forum for testing"
    assert pages.get("/en/r/").all(".note-title") == []
    assert (event.taken, waits.status) == (1, "confirmed")


def test_a_form_that_was_open_keeps_its_answers_and_says_that_nobody_is_registered(event, pages, database):
    asking = pages.get("/en/register/link").form()
    form, typed = pages.get("/en/register/justice").form(), checked(pages)
    write(publishing.unpublish, event, actor="command", now=NOW)
    for page in (form.submit(ANSWERS, follow=True, expect=409), typed.submit(button="Register", expect=409)):
        assert page.h1 == TITLE
        assert "You have not been registered. Your answers are kept on this page" in page.text
        assert page.all(".summary-list dd")[0] == "Þórdís"
    assert asking.submit({"email": "a@example.org"}, expect=404).h1 == TITLE
    write(publishing.publish, event, actor="command", now=NOW)
    assert page.submit(button="Try again", follow=True).h1 == "Check your answers"


def test_event_beside_the_front_page_is_hidden_alone(sign_in_as, event, pages):
    name = Text(sv="Nordiskt forum 2028", en="Nordic Forum 2028")
    beside = make_event(slug="nf28", is_current=False, short_name=name)
    sign_in_as(event=beside).get("publication.unpublish", event="nf28").submit({})
    page = pages.get("/en/events/nf28/register", expect=404)
    assert (page.h1, page.all(".page-head .kicker")) == (TITLE, ["Nordic Forum 2028"])
    assert pages.get("/en/").h1 == "Nordic Forum for testing"
    assert pages.get("/en/events/never/", expect=404).h1 == "Page not found"


def test_event_that_never_was_public_says_nothing(event, pages):
    make_archive(is_published=False)
    assert pages.get("/en/events/nf16/", expect=404).h1 == "Page not found"


def test_place_given_back_is_offered_while_the_event_is_hidden(database, pages):
    event = make_event(capacity=1)
    first, second = confirmed(event, "justice"), confirmed(event, "justice")
    write(publishing.unpublish, event, actor="command", now=NOW)
    write(actions.cancel, first, actor="person", now=NOW)
    page = pages.get(own_path(second), follow=True)
    assert page.form("form[action$=accept]").submit({}, follow=True).h1 == "You have a place"
