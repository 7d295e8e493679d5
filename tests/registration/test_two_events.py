"""Two published events take registrations side by side: the front page of the site, and one with its slug in URLs."""

import pytest
from flask import g
from sqlalchemy import select

from forum.columns import Text
from forum.database import start_write
from forum.events import publishing
from forum.extensions import db
from forum.registration.models import Registration
from tests.factories.events import NOW, make_page
from tests.factories.news import make_post
from tests.factories.registrations import write
from tests.factories.two_events import HELP, PHONES, SAID, make_beside, make_front
from tests.registration.filling import ANSWERS, checked, link_in, mails
from tests.registration.reading import newest_mail
from tools.pages import Pages

pytestmark = pytest.mark.usefixtures("frozen")
EMAIL = ANSWERS["email"]


@pytest.fixture
def app(make_app, database_url):
    return make_app(database_url, FORM_MIN_SECONDS=0)


@pytest.fixture
def front(database):
    return make_front()


@pytest.fixture
def beside(front):
    return make_beside()


def people(event) -> list[tuple[str, str]]:
    """Return address and status of the people whom the test itself has registered for the event."""
    rows = select(Registration.email, Registration.status).where(
        Registration.event_id == event.id, Registration.email == EMAIL
    )
    return [(email, str(status)) for email, status in db.session.execute(rows)]


def register_by_form(pages, start: str) -> None:
    """Go from an event's front page to the page after sending the form."""
    page = pages.get(start).follow("Register for a place").follow("Justice")
    page = page.submit(ANSWERS, follow=True)
    assert page.h1 == "Check your answers"
    assert page.submit(button="Register", follow=True).h1 == "Check your e-mail"


def confirm(app, mail) -> tuple[Pages, "object"]:
    """Open the link of a mail in a new browser and confirm; return the browser and the person's page."""
    browser = Pages(app)
    return browser, browser.get(link_in(mail)).submit({}, follow=True)


def test_one_person_registers_for_both_events_and_manages_each(app, pages, database, front, beside):
    for start in ("/en/", "/en/events/osl28/"):
        register_by_form(pages, start)
    assert [len(people(event)) for event in (front, beside)] == [1, 1]
    asked = [mail for mail in mails(database, "received") if mail.recipient == EMAIL]
    assert [mail.event_id for mail in asked] == [front.id, beside.id]
    assert mails(database, "already-registered") == []

    browser, page = confirm(app, asked[1])
    assert page.h1 == "You have a place"
    assert page.all(".brand, .pass-event") == ["OSL28", "OSL28 place basalt"]
    assert page.links["Svenska"] == "/sv/r/?welcome=1" or page.links["Svenska"] == "/sv/r/"
    assert page.links["Register"] == "/en/events/osl28/register"
    calendar = browser.get("/en/r/forum.ics").text
    assert "Forum basalt" in calendar
    assert "/en/events/osl28/" in calendar
    confirm(app, asked[0])
    for event in (front, beside):
        database.refresh(event)
    assert [(event.taken, people(event)) for event in (front, beside)] == [
        (2, [(EMAIL, "confirmed")]),
        (2, [(EMAIL, "confirmed")]),
    ]

    # Whoever sends the form of an event again gets a mail that the address is registered there; nothing changes.
    register_by_form(pages, "/en/events/osl28/")
    assert [mail.event_id for mail in mails(database, "already-registered")] == [beside.id]

    # A new personal link is for the event on whose page it is requested.
    pages.post("registration.resend", {"email": EMAIL}, event="osl28")
    assert [mail.event_id for mail in mails(database, "link")] == [beside.id]

    # Cancelling ends one registration, frees one place, and the next page is about the same event.
    page = browser.get("/en/r/").follow("Cancel your registration").submit({}, follow=True)
    assert page.path == "/en/events/osl28/r/cancelled"
    assert page.links["Register again"] == "/en/events/osl28/register"
    assert [(event.taken, people(event)) for event in (front, beside)] == [
        (2, [(EMAIL, "confirmed")]),
        (1, [(EMAIL, "cancelled")]),
    ]


@pytest.mark.parametrize(
    ("mine", "word", "others"), [("osl28", "basalt", "granit"), ("nf27", "granit", "basalt")]
)
def test_nothing_of_one_event_shows_on_pages_and_in_mails_of_the_other(
    app, pages, database, front, beside, mine, word, others
):
    """Texts, organiser, help lines, ring, counts, answers and people stay with their event."""
    stranger = next(slug for slug in SAID if slug != mine)
    start = "/en/" if mine == "nf27" else "/en/events/osl28/"
    seen = [pages.get(start + path) for path in ("", "pages/practical", "register", "event.ics")]
    # The same browser has partly filled in the other event's form.
    pages.post(
        "registration.details",
        {**ANSWERS, "given_name": "Strangername"},
        sector="justice",
        event=None if stranger == "nf27" else stranger,
    )
    seen += [pages.get(start + path) for path in ("register/justice?change=1", "register/justice/check")]
    seen.append(checked(pages, event=None if mine == "nf27" else mine))
    seen.append(seen[-1].submit(button="Register", follow=True))
    mail = mails(database, "received")[-1]
    browser, own = confirm(app, mail)
    seen += [own, *(browser.get(f"/en/r/{path}") for path in ("own-data", "change", "cancel", "forum.ics"))]
    for page in seen:
        said = page.soup.body.get_text(" ") if page.is_html else page.text
        # The link to the other event in the footer has its short name, and nothing else of it.
        for words in (others, "Strangername", PHONES[stranger], HELP[stranger], f"{others}@"):
            assert words.casefold() not in said.casefold(), (page.path, words)
        assert str(SAID[stranger]["capacity"] - 1) not in page.all(".ring-number, .sector-choice-left, td"), (
            page.path
        )
    assert any(HELP[mine] in page.soup.get_text() for page in seen)
    assert f"{SAID[mine]['capacity'] - 1} left" in seen[2].text
    registered = db.session.scalars(select(Registration).where(Registration.email == EMAIL)).one()
    for kind in ("received", "confirmed"):
        said = newest_mail(registration=registered, kind=kind).raw.decode()
        assert others not in said.casefold()
        assert word in said.casefold()


def test_links_typed_in_texts_stay_with_their_event_when_another_is_the_front_page(
    pages, front, beside, database
):
    """Links such as /en/register in an event's texts lead to that event's pages, though the front page is another."""
    typed = "[In](/en/register), [link](/en/register/link), [Data](/sv/pages/privacy#kept), [All](/en/news)"
    text = Text(sv=typed, en=typed)
    for event in (front, beside):
        make_page(event, "typed", body=text)
    start_write(database)
    beside.sharing = text
    database.commit()
    post = make_post(
        event_id=beside.id, slug="typed", body=typed, action_label="Go", action_url="/en/register"
    )
    address = f"/en/news/{post.public_since:%Y/%m/%d}/typed-en"
    for path in ("pages/typed", "register", address):
        links = pages.get(path if path == address else f"/en/events/osl28/{path}").links
        assert [links[name] for name in ("In", "link", "Data", "All")] == [
            "/en/events/osl28/register",
            "/en/events/osl28/register/link",
            "/sv/events/osl28/pages/privacy#kept",
            "/en/news",
        ]
    assert links["Go"] == "/en/events/osl28/register"
    assert pages.get("/en/pages/typed").links["In"] == "/en/register"

    write(publishing.make_front_page, beside, actor="command", now=NOW)
    assert pages.get("/en/pages/typed").links["In"] == "/en/register"
    assert pages.get("/en/events/nf27/pages/typed").links["In"] == "/en/events/nf27/register"


def test_answers_for_one_event_never_register_for_another_when_the_front_page_changes(
    pages, database, front, beside
):
    """Answers typed for the event on the front page register nobody for the event that replaces it there meanwhile."""
    form = pages.get("/en/register/justice").form()
    typed = checked(pages, given_name="Late")
    write(publishing.make_front_page, beside, actor="command", now=NOW)

    for page in (form.submit(ANSWERS, follow=True, expect=409), typed.submit(button="Register", expect=409)):
        assert page.h1 == "Your answers are for NF27"
        assert "you register for Forum granite, 16–17 November 2027, place granite." in page.text
        assert people(beside) == people(front) == []
    assert page.all(".summary-list dd")[0] == "Late"
    page = page.submit(button="Go on", follow=True)
    assert (page.path, page.h1) == ("/en/events/nf27/register/justice/check", "Check your answers")
    page.submit(button="Register", follow=True)
    assert (len(people(front)), people(beside)) == (1, [])


def test_answers_are_kept_when_the_event_of_a_form_is_hidden_after_another_has_become_the_front_page(
    app, pages, front, beside
):
    form = pages.get("/en/register/justice").form()
    typed = checked(pages, given_name="Late")
    write(publishing.make_front_page, beside, actor="command", now=NOW)
    write(publishing.unpublish, front, actor="command", now=NOW)
    for page in (form.submit(ANSWERS, follow=True, expect=409), typed.submit(button="Register", expect=409)):
        assert (page.h1, page.all(".page-head .kicker")) == (
            "These pages are not public at the moment",
            ["NF27"],
        )
        assert "You have not been registered. Your answers are kept on this page" in page.text
    assert page.all(".summary-list dd")[0] == "Late"
    assert people(beside) == people(front) == []

    # A browser that lost its session gets its answers back, and a link to the form once the event is public again.
    lost = Pages(app).client.post("/en/register/justice", data={**ANSWERS, "event": "nf27"})
    assert (lost.status_code, ANSWERS["organisation"] in lost.text) == (409, True)
    write(publishing.publish, front, actor="command", now=NOW)
    lost = Pages(app).client.post("/en/register/justice", data={**ANSWERS, "event": "nf27"})
    assert (lost.status_code, "Your answers are for NF27" in lost.text) == (409, True)
    assert page.submit(button="Try again", follow=True, expect=409).h1 == "Your answers are for NF27"


@pytest.mark.parametrize("view", ["", "/check", "/another"])
@pytest.mark.parametrize("named", ["nf99", "osl28"])
def test_form_that_names_no_event_with_its_sector_is_not_found(app, pages, front, beside, view, named):
    """A form that names an event without its sector is forged, or the event's sector was removed meanwhile."""
    write(setattr, beside.sectors[0], "key", "another")
    form = pages.get("/en/register/justice").form().data
    token = form["csrf_token"][0]
    for client, told in ((Pages(app).client, {}), (pages.client, {"csrf_token": token})):
        wrong = {**ANSWERS, **told, "email": "", "event": named}
        # On a server each request begins with an empty `g`; here the test has to empty it.
        g.pop("event", None)
        answer = client.post(f"/en/register/justice{view}", data=wrong, follow_redirects=True)
        assert (answer.status_code, "Page not found" in answer.text) == (404, True)
