"""The pages of an event that takes registrations beside the front page of the site."""

import json
import re
from datetime import timedelta
from urllib.parse import urlsplit

import pytest

from forum import clock
from forum.columns import Text
from forum.events import publishing
from tests.factories.events import NOW
from tests.factories.news import PUBLISHED, make_post
from tests.factories.registrations import write
from tests.factories.two_events import make_beside, make_front

pytestmark = pytest.mark.usefixtures("frozen")


@pytest.fixture
def front(database):
    return make_front()


@pytest.fixture
def beside(front):
    return make_beside()


def test_pages_of_one_event_stay_with_it_in_both_languages(pages, front, beside):
    for path in ("", "pages/practical", "register", "register/justice", "register/link", "news/"):
        page = pages.get(f"/en/events/osl28/{path}")
        told = page.links.get("Svenska") or page.soup.select_one(".site-languages button")["formaction"]
        assert told.startswith("/sv/events/osl28/"), path
        own = {url for words, url in page.links.items() if words != "NF27"}
        strangers = {url for url in own if url.startswith("/en/") and "/events/osl28/" not in url}
        assert {url for url in strangers if not url.startswith("/en/news/20")} <= {"/en/news/search"}, path
    asking = pages.get("/en/events/osl28/register/link").soup.select("main .plain-list a")
    assert [(link.text, link["href"]) for link in asking] == [("NF27", "/en/register/link")]
    post = pages.get(pages.get("/en/events/osl28/news/").links["Headline basalt"])
    assert post.all(".brand") == ["OSL28"]
    assert pages.get("/en/events/osl28/event.ics").text.count("Forum basalt") == 2


def test_links_to_events_of_one_short_name_say_which(pages, front, beside):
    for event in (front, beside):
        write(setattr, event, "short_name", Text(sv="Forum", en="Forum"))
    assert pages.get("/en/").links["Forum (2028)"] == "/en/events/osl28/"
    asking = pages.get("/en/events/osl28/register/link").soup.select("main .plain-list a")
    assert [(link.text, link["href"]) for link in asking] == [("Forum (2027)", "/en/register/link")]


def test_machines_read_each_event_at_its_own_address(pages, front, beside):
    sitemap = pages.get("/sitemap.xml").text
    for path in (
        "register",
        *(f"events/osl28/{each}" for each in ("register", "", "news/", "pages/privacy")),
    ):
        assert f"/en/{path}</loc>" in sitemap
    data = json.loads(pages.get("/en/events/osl28/").soup.select_one("[type='application/ld+json']").string)
    assert (data["name"], data["organizer"]["name"]) == ("Forum basalt", "Office basalt")
    assert [urlsplit(url).path for url in (data["url"], data["offers"]["url"])] == [
        "/en/events/osl28/",
        "/en/events/osl28/register",
    ]


def test_news_of_an_event_are_its_own_posts_and_those_of_no_event(pages, front, beside):
    """An event's front page, list and two feeds leave out other events' posts; the site's list and feed have all."""
    make_post(headline="General", published_at=PUBLISHED + timedelta(days=1))
    make_post(headline="After", published_at=beside.ends_at, announced_at=beside.ends_at)
    for start, own, heads in (("/en/", "granite", ["After"]), ("/en/events/osl28/", "basalt", [])):
        told = [*heads, "General", f"Headline {own}"]
        assert pages.get(start).all(".band-news .teaser-headline") == told
    assert pages.get(start).follow("All news").all(".teaser-headline") == told

    links = pages.get(start).soup.select("link[type^='application/'][rel=alternate]")
    assert [(link["href"], link["title"]) for link in links] == [
        (f"/en/events/osl28/news/feed.{kind}", "News: OSL28") for kind in ("atom", "json")
    ]
    atom, feed = (pages.get(link["href"]) for link in links)
    assert re.findall("<title>(.*?)</title>", atom.text) == ["News – OSL28", *told]
    assert "/en/events/osl28/news/feed.atom</id>" in atom.text
    said = json.loads(feed.data)
    assert (said["title"], [item["title"] for item in said["items"]]) == ("News – OSL28", told)
    assert urlsplit(said["home_page_url"]).path == "/en/events/osl28/news/"

    every = ["After", "General", "Headline basalt", "Headline granite"]
    assert sorted(pages.get("/en/news/").all(".teaser-headline")) == every
    assert sorted(re.findall("<title>(.*?)</title>", pages.get("/en/news/feed.atom").text)[1:]) == every
    assert pages.get("/en/events/nf27/news/feed.json", expect=302).location == "/en/news/feed.json"
    # A post's page, within the pages of its event, names the event's feed.
    post = pages.get(pages.get(start).links["Headline basalt"])
    assert post.soup.select_one("link[type='application/atom+xml']")["href"] == links[0]["href"]
    assert post.links["Follow the news (RSS/Atom)"] == links[0]["href"]
    published = json.loads(post.soup.select_one("[type='application/ld+json']").string)
    assert published["publisher"]["name"] == "Office basalt"


def test_links_to_an_event_lead_to_it_after_the_front_page_has_changed(pages, front, beside):
    write(publishing.make_front_page, beside, actor="command", now=NOW)
    for path in ("", "pages/practical", "register", "register/justice", "event.ics"):
        led = pages.get(f"/en/events/osl28/{path}", expect=302)
        assert led.location == f"/en/{path}"
    assert pages.get("/en/events/nf27/").h1 == "Forum granite"
    assert pages.get("/en/events/nf27/register").all(".sector-choice-left") == ["60 left"]


@pytest.mark.parametrize("name", ["endpoint", "lang", "event", "_method", "_anchor", "_external", "_scheme"])
def test_no_parameter_changes_where_a_redirect_leads(pages, front, beside, name):
    """The redirects to the current event's own address and to a language of the event keep the query as it was sent."""
    for path in ("register/justice", "register/link", "register/received", "r/left"):
        led = pages.get(f"/en/events/nf27/{path}?q=1&q=2&{name}=x", expect=302)
        assert led.location == f"/en/{path}?q=1&q=2&{name}=x"
    write(setattr, front, "languages", ["en"])
    assert (
        pages.get(f"/sv/register/justice?{name}=x", expect=302).location == f"/en/register/justice?{name}=x"
    )


def test_event_beside_the_front_page_ends_by_itself(pages, front, beside, database):
    assert pages.get("/en/").links["OSL28"] == "/en/events/osl28/"
    clock.freeze(beside.ends_at + timedelta(minutes=1))
    page = pages.get("/en/events/osl28/register")
    assert "This is an earlier forum" not in page.text
    assert "It was held on 7–8 March 2028 and takes no registrations." in page.text
