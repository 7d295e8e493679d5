"""Posts are visible nowhere before the worker announces them, even if the clocks of two machines differ."""

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
LATER = NOW + timedelta(seconds=1)
DRAFTS = {
    "a draft": {"published_at": None, "announced_at": None},
    "a scheduled post": {"published_at": LATER, "announced_at": None},
    "a post that was announced and moved": {"published_at": LATER, "announced_at": NOW},
    "a post that a clock ahead calls due": {"published_at": NOW - timedelta(seconds=1), "announced_at": None},
}
PLACES = [
    "/en/",
    "/sv/",
    "/en/news/",
    "/en/news/2016/",
    "/en/news/categories/police-en",
    "/en/news/tags/nf16",
    "/en/news/feed.atom",
    "/en/news/feed.json",
    "/en/news/categories/police-en/feed.atom",
    "/en/news/tags/nf16/feed.atom",
    "/en/news/search?q=zebraword",
    "/en/news/2016/11/25/shown-en",
    "/sitemap.xml",
]


@pytest.fixture(params=DRAFTS)
def hidden(request, database, frozen) -> Post:
    """Give a hidden post with every relation that could reveal it, beside a public post."""
    make_event()
    shared = {"categories": [make_category("police")], "tags": [make_tag("#NF16"), make_tag("#Hidden")]}
    make_post(slug="shown", headline="Shown", categories=shared["categories"], tags=shared["tags"][:1])
    words = {"headline": SECRET, "lead": SECRET, "body": SECRET, "slug": "zebraword"}
    return make_post(**words, **DRAFTS[request.param], **shared)


@pytest.mark.usefixtures("hidden")
@pytest.mark.parametrize("path", PLACES)
def test_a_post_that_is_not_public_is_nowhere(pages, path):
    page = pages.get(path)
    assert SECRET.lower() not in page.data.decode().lower().replace("q=zebraword", "").replace(
        "search: zebraword", ""
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


@pytest.mark.parametrize("ahead", [-1, 1])
def test_a_page_kept_between_two_clocks_shows_the_post_once_it_is_announced(pages, ahead):
    """A cached page is replaced, even if the web process's clock is a second ahead of the worker's, or behind."""
    make_post(headline="Old")
    make_post(headline="New", published_at=LATER, announced_at=None)
    clock.freeze(LATER + timedelta(seconds=ahead))
    assert pages.get("news.index").all(".teaser-headline") == ["Old"]
    assert [announce(NOW), announce(LATER)] == [0, 1]
    assert pages.get("news.index").all(".teaser-headline") == ["New", "Old"]


def test_a_post_that_is_moved_to_a_later_time_is_hidden_until_that_is_announced(pages):
    post = make_post(headline="Moved")
    assert pages.get("news.index").all(".teaser-headline") == ["Moved"]
    start_write(db.session)
    post.published_at = LATER
    db.session.commit()
    assert pages.get("news.index").all(".teaser-headline") == []
    assert [announce(NOW), announce(LATER), announce(LATER)] == [0, 1, 0]
    assert pages.get("news.index").all(".teaser-headline") == ["Moved"]


def test_announcing_twice_changes_nothing_more():
    make_post(announced_at=None)
    make_post(published_at=None, announced_at=None)
    assert [announce(NOW), announce(NOW), announce(NOW - timedelta(hours=1))] == [1, 0, 0]


def test_a_draft_has_no_place_in_the_order():
    draft = make_post(published_at=None)
    with pytest.raises(ValueError, match="draft"):
        _ = draft.public_since
    assert queries.list_for_sitemap() == []


def announce(now) -> int:
    """Announce posts as the worker does."""
    start_write(db.session)
    announced = actions.announce_due(now)
    db.session.commit()
    return announced
