"""Atom feeds are valid (RFC 4287), complete, and each in one language."""

import json
from datetime import UTC, date, datetime, timedelta
from urllib.parse import urlsplit
from xml.etree import ElementTree

import pytest
from sqlalchemy import select

from forum.columns import Text
from forum.database import start_write
from forum.events.models import ContentVersion
from forum.news.models import Correction
from forum.news.queries import IN_FEED
from tests.factories.events import make_event
from tests.factories.news import PUBLISHED, make_category, make_post, make_tag

pytestmark = pytest.mark.usefixtures("frozen", "database")

ATOM = "{http://www.w3.org/2005/Atom}"
BASE = "http://127.0.0.1:8000"


class Feed:
    """A parsed feed; fails when it does not follow RFC 4287."""

    def __init__(self, page):
        assert page.headers["Content-Type"] == "application/atom+xml; charset=utf-8"
        assert page.data.startswith(b'<?xml version="1.0" encoding="utf-8"?>')
        self.root = ElementTree.fromstring(page.data)  # noqa: S314 - the forum's own feed
        assert self.root.tag == f"{ATOM}feed"
        self.entries = self.root.findall(f"{ATOM}entry")
        for element in (self.root, *self.entries):
            # Each of these elements must occur exactly once (RFC 4287, 4.1.1 and 4.1.2).
            for name in ("id", "title", "updated"):
                assert len(element.findall(ATOM + name)) == 1, name
            assert element.findall(f"{ATOM}author/{ATOM}name")
            assert datetime.fromisoformat(words(element, "updated")).tzinfo
            assert urlsplit(words(element, "id")).scheme in {"tag", "http"}
        assert len({words(entry, "id") for entry in self.entries}) == len(self.entries)
        for link in self.root.iter(f"{ATOM}link"):
            assert link.get("href").startswith(f"{BASE}/")

    def link(self, rel: str, element=None) -> str:
        """Return the URL of the link with this relation."""
        found = (self.root if element is None else element).findall(f"{ATOM}link")
        return next(link.get("href") for link in found if link.get("rel") == rel)

    @property
    def titles(self) -> list[str]:
        """Return the headlines in the feed's order."""
        return [words(entry, "title") for entry in self.entries]


def words(element, name: str) -> str:
    """Return the text of a child element."""
    return element.find(ATOM + name).text


def test_feed_without_posts_is_valid(pages):
    feed = Feed(pages.get("feeds.whole"))
    assert (feed.titles, words(feed.root, "updated")) == ([], "1970-01-01T00:00:00+00:00")


def test_feed_says_whose_it_is_and_where(pages):
    make_event()
    feed = Feed(pages.get("feeds.whole"))
    assert words(feed.root, "title") == "News – Nordic Forum 2027"
    assert (feed.link("self"), feed.link("alternate")) == (f"{BASE}/en/news/feed.atom", f"{BASE}/en/news/")
    assert feed.root.get("{http://www.w3.org/XML/1998/namespace}lang") == "en"


def test_entry_has_the_whole_post(pages):
    make_post(
        slug="a-post",
        headline="A & B",
        lead="A lead.",
        body="See [this](/en/pages/x), [below](#part) & [that](https://e.example/).\n\n## Part {#part}",
        content_note="It is hard.",
        updated_at=PUBLISHED + timedelta(days=1),
        categories=[make_category("police")],
    )
    (entry,) = Feed(pages.get("feeds.whole")).entries
    url = f"{BASE}/en/news/2016/11/25/a-post-en"
    assert (words(entry, "title"), words(entry, "published"), words(entry, "updated")) == (
        "A & B",
        "2016-11-25T08:00:00+00:00",
        "2016-11-26T08:00:00+00:00",
    )
    assert words(entry, "summary") == "About this text: It is hard. A lead."
    assert entry.find(f"{ATOM}link").get("href") == url
    assert entry.find(f"{ATOM}category").get("term") == "Category police"
    content = entry.find(f"{ATOM}content")
    assert content.get("type") == "html"
    assert content.text == (
        f'<p>See <a href="{BASE}/en/pages/x">this</a>, <a href="{url}#part">below</a> &amp; '
        '<a href="https://e.example/">that</a>.</p>\n<h2 id="part">Part</h2>\n'
    )


def test_feed_is_as_new_as_its_newest_change(pages):
    make_post(updated_at=datetime(2017, 5, 30, tzinfo=UTC))
    make_post(published_at=datetime(2017, 1, 1, tzinfo=UTC))
    assert words(Feed(pages.get("feeds.whole")).root, "updated") == "2017-05-30T00:00:00+00:00"


def write_began_on(database, day: date) -> None:
    """Store this day as one on which the site's domain belonged to the forum; the ids of feed entries contain it."""
    start_write(database)
    database.scalars(select(ContentVersion)).one().began_on = day
    database.commit()


def test_a_new_forum_began_on_the_day_of_its_migrations(pages):
    make_post(key="the-key")
    day = (
        words(Feed(pages.get("feeds.whole")).entries[0], "id")
        .removeprefix("tag:127.0.0.1,")
        .partition(":")[0]
    )
    assert date(2026, 11, 1) < date.fromisoformat(day) <= datetime.now(UTC).date()


def test_entrys_id_stays_when_everything_else_changes(pages, database):
    post = make_post(key="the-key", slug="a")
    write_began_on(database, date(2026, 11, 27))
    before = words(Feed(pages.get("feeds.whole")).entries[0], "id")
    start_write(database)
    post.published_at = PUBLISHED + timedelta(days=9)
    for text in post.texts:
        text.slug, text.headline = f"b-{text.language}", "Other"
    database.commit()
    feed = Feed(pages.get("feeds.whole"))
    assert feed.titles == ["Other"]
    after = words(feed.entries[0], "id")
    assert before == after == "tag:127.0.0.1,2026-11-27:the-key:en"


def test_feed_holds_the_newest_posts_of_its_language(pages):
    for number in range(IN_FEED + 1):
        make_post(headline=str(number), published_at=PUBLISHED + timedelta(days=number))
    make_post(languages=("sv",), published_at=PUBLISHED + timedelta(days=99))
    assert Feed(pages.get("feeds.whole")).titles == [str(number) for number in range(IN_FEED, 0, -1)]


def test_category_and_hashtag_have_feeds_of_their_own(pages):
    category, tag = make_category("police"), make_tag("#Mörka nätet")
    make_post(headline="Police", categories=[category])
    make_post(headline="Dark", tags=[tag])
    of_category = Feed(pages.get("feeds.category", slug="police-en"))
    of_tag = Feed(pages.get("feeds.tag", name="mörkanätet"))
    assert (of_category.titles, of_category.link("alternate")) == (
        ["Police"],
        f"{BASE}/en/news/categories/police-en",
    )
    assert (of_tag.titles, words(of_tag.root, "title")) == (["Dark"], "News: #Mörka nätet – Nordic Forum")
    assert words(of_category.root, "title") == "News: Category police – Nordic Forum"


@pytest.mark.parametrize(
    ("path", "right"),
    [
        ("/en/news/categories/police-sv/feed.atom", "/en/news/categories/police-en/feed.atom"),
        ("/en/news/tags/%23NF-16/feed.atom", "/en/news/tags/nf16/feed.atom"),
    ],
)
def test_feed_at_another_spelling_leads_to_the_right_address(pages, path, right):
    make_post(categories=[make_category("police")], tags=[make_tag("#NF16")])
    assert pages.get(path, expect=301).location == right


@pytest.mark.parametrize(
    ("endpoint", "values", "feed", "title"),
    [
        ("news.index", {}, "/en/news/feed.atom", "News"),
        ("news.year", {"year": 2016}, "/en/news/feed.atom", "News"),
        ("news.post", {"year": 2016, "month": 11, "day": 25, "slug": "a-en"}, "/en/news/feed.atom", "News"),
        (
            "news.category",
            {"slug": "police-en"},
            "/en/news/categories/police-en/feed.atom",
            "News: Category police",
        ),
        ("news.tag", {"name": "nf16"}, "/en/news/tags/nf16/feed.atom", "News: #NF16"),
    ],
)
def test_pages_say_where_their_feed_is_and_whose(pages, endpoint, values, feed, title):
    headline = "In each feed"
    make_post(slug="a", headline=headline, categories=[make_category("police")], tags=[make_tag("#NF16")])
    page = pages.get(endpoint, **values)
    links = page.soup.select('link[type="application/atom+xml"]')
    assert [(link["href"], link["title"]) for link in links] == [(feed, title)]
    assert Feed(pages.get(feed)).titles == [headline]
    link = page.soup.select_one('link[type="application/feed+json"]')
    assert (link["href"], link["title"]) == (feed.replace(".atom", ".json"), title)
    said = json.loads(pages.get(link["href"]).data)
    assert (said["feed_url"], [item["title"] for item in said["items"]]) == (BASE + link["href"], [headline])


def test_feed_bears_characters_that_xml_forbids(pages):
    make_post(headline="a\x00\x0b\ufffe]]>&<b>", author=Text(en="\x1b[31m"), body="c\x08 <script>x</script>")
    feed = Feed(pages.get("feeds.whole"))
    assert feed.titles == ["a]]>&<b>"]
    assert "<script" not in feed.entries[0].find(f"{ATOM}content").text


def test_feeds_links_do_not_come_from_the_request(pages):
    make_post()
    page = pages.get("feeds.whole", headers={"Host": "localhost", "X-Forwarded-Host": "evil.example"})
    assert b"evil" not in page.data
    Feed(page)


def test_feed_costs_the_same_for_one_post_and_for_three(pages):
    make_event()
    make_post(categories=[make_category()])
    one = pages.get("feeds.whole")
    for _number in range(2):
        make_post(categories=[make_category()])
    three = pages.get("feeds.whole")
    assert len(one.statements) == len(three.statements) <= 5


def test_json_feed_says_what_the_atom_feed_says(pages):
    """JSON Feed 1.1 (jsonfeed.org) requires version, title, items, and each item's id and content; the feed has all."""
    make_event()
    category = make_category("police")
    corrections = [Correction(made_on=date(2017, 5, 30), text=Text(sv="Nej & ja", en="No & yes"))]
    make_post(key="a", headline="A", body="[In](/en/) <b>", content_note="Hard.", categories=[category])
    make_post(key="b", headline="B", published_at=PUBLISHED + timedelta(days=1), corrections=corrections)
    atom, page = Feed(pages.get("feeds.whole")), pages.get("/en/news/feed.json")
    assert page.headers["Content-Type"] == "application/feed+json; charset=utf-8"
    feed = json.loads(page.data)
    assert (feed["version"], feed["title"], feed["language"]) == (
        "https://jsonfeed.org/version/1.1",
        "News – Nordic Forum 2027",
        "en",
    )
    assert (feed["feed_url"], feed["home_page_url"]) == (f"{BASE}/en/news/feed.json", f"{BASE}/en/news/")
    assert [(item["id"], item["title"], item["date_modified"]) for item in feed["items"]] == [
        (words(entry, "id"), words(entry, "title"), words(entry, "updated")) for entry in atom.entries
    ]
    assert [item["content_html"] for item in feed["items"]] == [
        words(entry, "content") for entry in atom.entries
    ]
    newer, older = feed["items"]
    assert newer["content_html"].endswith("No &amp; yes</p>")
    assert (older["summary"].startswith("About this text: Hard. "), older["tags"]) == (
        True,
        ["Category police"],
    )
    assert f'<a href="{BASE}/en/">In</a> &lt;b&gt;' in older["content_html"]
