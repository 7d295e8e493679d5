"""A private link shows an unpublished event as visitors will see it, until the link ends."""

from datetime import timedelta

import pytest

from forum import clock
from forum.accounts.enums import Role
from forum.audit.models import AuditEntry
from forum.columns import LARGEST_ID, digest
from forum.events import publishing
from forum.events.models import PreviewLink
from forum.news import queries
from tests.factories.events import NOW, make_event, make_page
from tests.factories.news import PUBLISHED, make_post
from tests.factories.registrations import write
from tools.pages import Pages

pytestmark = pytest.mark.usefixtures("frozen")
CLOSED = "This preview is closed"
INSIDE = ("", "pages/practical", "register", "news/", "event.ics")


@pytest.fixture
def app(make_app, database_url):
    return make_app(database_url)


def make_draft(*, is_first: bool = False):
    """Save an unpublished event: the first one of the site, or one beside a public event."""
    if not is_first:
        make_page(make_event(), "practical")
    event = make_event(slug="nf28", is_current=is_first, is_published=False)
    make_page(event, "practical")
    return event


def make_link(sign_in_as, event) -> tuple[Pages, str]:
    """Make a link in the console; return the organiser's browser and the link's path."""
    organiser = sign_in_as(Role.ORGANISER, event)
    page = organiser.get("/console/nf28/").follow("Make a link").submit({"days": "7"}, follow=True)
    (address,) = page.all(".preview-address")
    return organiser, address.removeprefix("http://127.0.0.1:8000")


@pytest.mark.parametrize("is_first", [True, False])
def test_link_shows_the_whole_site_and_nobody_else_sees_it(app, sign_in_as, pages, database, is_first):
    event = make_draft(is_first=is_first)
    organiser, path = make_link(sign_in_as, event)
    stored = database.query(PreviewLink).one()
    assert stored.digest == digest(path.rpartition("/")[2])
    assert [entry.action for entry in database.query(AuditEntry)][-1] == "preview.made"
    # The private link is shown once, after it was made, and on no later page.
    assert organiser.get("previews.index", event="nf28").all(".preview-address") == []

    reader = Pages(app)
    front = reader.get(path, follow=True)
    assert (front.path, front.h1) == ("/en/preview/nf28/", "Nordic Forum for testing")
    assert front.all(".preview-bar") != []
    kept = app.extensions["page_cache"]._pages
    for inside in INSIDE:
        page = reader.get(f"/en/preview/nf28/{inside}")
        assert page.headers["Cache-Control"] == "no-store"
        assert page.headers["X-Robots-Tag"] == "noindex"
        assert "Cookie" in page.headers["Vary"]
        assert pages.get(f"/en/preview/nf28/{inside}", expect=404).h1 == CLOSED
    assert [address for address in kept if "preview" in address] == []

    # Links and the language switch lead to other pages of the preview.
    assert front.links["Practical"] == "/en/preview/nf28/pages/practical"
    assert front.links["Register for a place"] == "/en/preview/nf28/register"
    swedish = reader.get("/en/preview/nf28/pages/practical").follow("Svenska")
    assert (swedish.path, swedish.h1) == ("/sv/preview/nf28/pages/practical", "Sidan practical")

    # Nobody can register on a page of the preview.
    choose = reader.get("/en/preview/nf28/register")
    assert choose.soup.select("main form, .sector-choice a, .ring a") == []
    for address in ("/en/preview/nf28/register/justice", "/en/events/nf28/register/justice"):
        assert reader.client.get(address).status_code == 404
        assert reader.client.post(address, data={"given_name": "A"}).status_code in (400, 404)
    database.expire_all()
    assert (event.is_published, event.taken) == (False, 0)


def test_news_of_a_preview_are_those_of_its_event(app, sign_in_as, pages, database, monkeypatch):
    """The preview lists the posts that readers will see once the event is published, and no drafts."""
    monkeypatch.setattr(queries, "PER_PAGE", 2)
    event = make_draft()
    for headline, differing in (
        ("Of the preview", {"event_id": event.id}),
        ("General", {}),
        ("Of the preview, older", {"event_id": event.id, "published_at": PUBLISHED - timedelta(days=1)}),
        ("Of another", {"event_id": event.id - 1}),
        ("Draft", {"event_id": event.id, "published_at": None}),
    ):
        make_post(headline=headline, **differing)
    _, path = make_link(sign_in_as, event)
    front = Pages(app).get(path, follow=True)
    expected = ["General", "Of the preview", "Of the preview, older"]
    assert front.all(".band-news .teaser-headline") == expected
    page = front.follow("News")
    assert (page.path, page.all(".preview-bar, .page-head .kicker")[1:]) == (
        "/en/preview/nf28/news/",
        ["Nordic Forum 2027"],
    )
    older = page.follow("Older posts")
    assert older.path == "/en/preview/nf28/news/page/2"
    assert page.all(".teaser-headline") + older.all(".teaser-headline") == expected
    # A feed reader has not opened the private link: the page offers the feed of the public news, and none of its own.
    assert page.soup.select("link[type='application/atom+xml']") == []
    assert page.links["Follow the news (RSS/Atom)"] == "/en/news/feed.atom"
    write(publishing.publish, event, actor="command", now=NOW)
    assert pages.get("/en/events/nf28/news/").all(".teaser-headline") == expected[:2]


def test_preview_leads_to_a_language_that_the_event_is_in(app, sign_in_as, database):
    event = make_draft()
    write(setattr, event, "languages", ["sv"])
    _, path = make_link(sign_in_as, event)
    reader = Pages(app)
    assert reader.get(path, follow=True).path == "/sv/preview/nf28/"
    for inside in INSIDE:
        led = reader.get(f"/en/preview/nf28/{inside}?x=1", expect=302)
        assert led.location == f"/sv/preview/nf28/{inside}?x=1"


@pytest.mark.parametrize("end", ["revoked", "expired", "published"])
def test_link_ends(app, sign_in_as, database, end):
    event = make_draft()
    organiser, path = make_link(sign_in_as, event)
    reader = Pages(app)
    reader.get(path, follow=True)
    if end == "revoked":
        page = organiser.get("previews.index", event="nf28").form("main section form").submit({}, follow=True)
        assert page.flashes == ["The link has ended. Whoever had it sees nothing any more."]
    elif end == "expired":
        clock.freeze(NOW + timedelta(days=7))
    else:
        write(publishing.publish, event, actor="command", now=NOW)
        public = "/en/events/nf28/"
        assert (
            reader.get("/en/preview/nf28/pages/practical", expect=302).location == f"{public}pages/practical"
        )
        assert reader.get(path, expect=303).location == public
        return
    for address in (path, "/en/preview/nf28/", "/sv/preview/nf28/pages/practical"):
        assert reader.get(address, expect=404).soup.h1.text in (CLOSED, "Förhandsvisningen är stängd")


def test_links_that_publishing_ended_stay_ended_when_the_event_is_hidden_again(app, sign_in_as, database):
    event = make_draft()
    organiser, path = make_link(sign_in_as, event)
    reader = Pages(app)
    reader.get(path, follow=True)
    write(publishing.publish, event, actor="command", now=NOW)
    assert [entry.action for entry in database.query(AuditEntry)][-1] == "preview.ended"
    write(publishing.unpublish, event, actor="command", now=NOW)
    for address in (path, "/en/preview/nf28/", "/en/preview/nf28/register"):
        assert reader.get(address, expect=404).h1 == CLOSED
    assert organiser.get("previews.index", event="nf28").soup.select("main section form") == []

    # Control: a new private link works.
    _, path = make_link(sign_in_as, event)
    assert reader.get(path, follow=True).path == "/en/preview/nf28/"


def test_link_of_another_event_is_not_ended_here(sign_in_as, database):
    mine = make_event(slug="nf28", is_published=False)
    other = make_event(slug="nf29", is_current=False, is_published=False)
    make_link(sign_in_as, mine)
    stranger = sign_in_as(Role.ORGANISER, other)
    token = stranger.get("previews.index", event="nf29").soup.select_one("[name=csrf_token]")["value"]
    link = database.query(PreviewLink).one()
    for number in (link.id, LARGEST_ID + 1, 10**19):
        answer = stranger.client.post(f"/console/nf29/preview-links/{number}", data={"csrf_token": token})
        assert answer.status_code == 404
    database.refresh(link)
    assert link.revoked_at is None
