"""What is not public yet is nowhere to be seen, and comes out on the second."""

from datetime import timedelta

import pytest

from forum import clock
from forum.database import start_write
from forum.extensions import db
from forum.news import actions, queries
from forum.news.models import Post
from tests.factories.events import NOW, make_event
from tests.factories.news import make_category, make_post, make_tag

pytestmark = pytest.mark.usefixtures("frozen", "database")

SECRET = "Zebraword"
DRAFTS = {"a draft": None, "a scheduled post": NOW + timedelta(seconds=1)}
PLACES = [
    "/en/",
    "/sv/",
    "/en/news/",
    "/en/news/2016/",
    "/en/news/categories/police-en",
    "/en/news/tags/nf16",
    "/en/news/feed.atom",
    "/en/news/categories/police-en/feed.atom",
    "/en/news/tags/nf16/feed.atom",
    "/en/news/search?q=zebraword",
    "/en/news/2016/11/25/shown-en",
    "/sitemap.xml",
]


@pytest.fixture(params=DRAFTS)
def hidden(request, database, frozen) -> Post:
    """A post that nobody may see, with every relation that could show it, beside a public one."""
    make_event()
    shared = {"categories": [make_category("police")], "tags": [make_tag("#NF16"), make_tag("#Hidden")]}
    make_post(slug="shown", headline="Shown", categories=shared["categories"], tags=shared["tags"][:1])
    words = {"headline": SECRET, "lead": SECRET, "body": SECRET, "slug": "zebraword"}
    return make_post(**words, published_at=DRAFTS[request.param], **shared)


@pytest.mark.usefixtures("hidden")
@pytest.mark.parametrize("path", PLACES)
def test_a_post_that_is_not_public_is_nowhere(pages, path):
    page = pages.get(path)
    assert SECRET.lower() not in page.data.decode().lower().replace("q=zebraword", "").replace(
        "search the news: zebraword", ""
    ).replace('value="zebraword"', "")


@pytest.mark.usefixtures("hidden")
@pytest.mark.parametrize(
    "path",
    [
        "/en/news/2016/11/25/zebraword-en",
        "/sv/news/2016/11/25/zebraword-en",
        "/en/news/2027/05/03/zebraword-en",
        "/en/news/2027/",
        "/en/news/tags/hidden",
        "/en/news/tags/hidden/feed.atom",
        "/blogg/2027",
        "/blogg/2027/5/3/zebraword-sv",
    ],
)
def test_a_post_that_is_not_public_is_not_found(pages, path):
    pages.get(path, expect=404)


def test_a_scheduled_post_is_public_on_the_second(pages):
    make_post(headline=SECRET, slug="a", published_at=NOW + timedelta(seconds=1))
    clock.freeze(NOW + timedelta(seconds=1))
    assert pages.get("/en/news/2027/05/03/a-en").h1 == SECRET
    assert pages.get("news.index").all(".teaser-headline") == [SECRET]


def test_announcing_has_kept_pages_rendered_anew(pages):
    make_post(headline="Old")
    make_post(headline="New", published_at=NOW + timedelta(minutes=1))
    announce(NOW)
    assert pages.get("news.index").all(".teaser-headline") == ["Old"]
    clock.freeze(NOW + timedelta(minutes=2))
    assert pages.get("news.index").all(".teaser-headline") == ["Old"]  # kept from before
    assert announce(NOW + timedelta(minutes=2)) == 1
    assert pages.get("news.index").all(".teaser-headline") == ["New", "Old"]


def test_announcing_twice_changes_nothing_more():
    make_post()
    make_post(published_at=None)
    assert [announce(NOW), announce(NOW), announce(NOW - timedelta(hours=1))] == [1, 0, 0]


def test_a_draft_has_no_place_in_the_order():
    draft = make_post(published_at=None)
    with pytest.raises(ValueError, match="draft"):
        _ = draft.public_since
    assert queries.list_for_sitemap(NOW) == []


def announce(now) -> int:
    """Do what the worker does."""
    start_write(db.session)
    announced = actions.announce_due(now)
    db.session.commit()
    return announced
