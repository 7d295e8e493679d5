"""Queries for posts give the same results on both databases."""

from datetime import timedelta

import pytest

from forum.news import archive, queries
from forum.news.queries import PER_PAGE
from tests.factories.news import PUBLISHED, make_category, make_post, make_tag

pytestmark = pytest.mark.usefixtures("database")


@pytest.fixture
def app(make_app, database_url):
    return make_app(database_url)


def slugs(posts) -> list[str]:
    """Return the slugs of the posts in their order."""
    return [post.slug for post in posts]


def test_pages_follow_each_other_also_for_posts_of_one_moment():
    for number in range(PER_PAGE + 1):
        make_post(slug=f"p{number}")
    first = queries.list_posts("en")
    second = queries.list_posts("en", number=2)
    assert slugs([*first.posts, *second.posts]) == [f"p{number}-en" for number in range(PER_PAGE, -1, -1)]
    assert (first.total, first.pages, second.total) == (PER_PAGE + 1, 2, PER_PAGE + 1)
    assert queries.list_posts("en", number=3).posts == []


def test_neighbours_of_posts_of_one_moment_and_of_others():
    middle = [make_post(slug=name) for name in ("a", "b")]
    make_post(slug="before", published_at=PUBLISHED - timedelta(seconds=1))
    make_post(slug="after", published_at=PUBLISHED + timedelta(microseconds=1))
    older = [queries.find_older(post, "en").slug for post in middle]
    newer = [queries.find_newer(post, "en").slug for post in middle]
    assert (older, newer) == (["before-en", "a-en"], ["b-en", "after-en"])


def test_category_and_tag_narrow_lists_and_feeds():
    category, tag = make_category("police"), make_tag("#Mörka nätet", aliases=("#Dark web",))
    make_post(slug="in-category", categories=[category])
    make_post(slug="with-tag", tags=[tag])
    make_post(slug="neither")
    assert slugs(queries.list_posts("en", category=category).posts) == ["in-category-en"]
    assert slugs(queries.list_posts("en", tag=tag).posts) == ["with-tag-en"]
    assert slugs(queries.list_for_feed("en", tag=tag)) == ["with-tag-en"]
    assert queries.find_tag("darkweb") is queries.find_tag("mörkanätet") is tag
    assert [(category.key, number) for category, number in archive.count_by_category("en")] == [("police", 1)]


def test_archive_days_and_sitemap():
    make_post(slug="a", published_at=PUBLISHED)
    make_post(slug="b", published_at=PUBLISHED.replace(year=2017))
    spans = [
        archive.span_of(2017),
        archive.span_of(2016),
        archive.span_of(2016, 11),
        archive.span_of(2016, 12),
    ]
    assert archive.count_in("en", spans) == [1, 1, 1, 0]
    page = queries.list_archive("en", archive.span_of(2016))
    assert (slugs(page.posts), page.earliest, page.latest.year) == (["a-en"], PUBLISHED, 2017)
    assert slugs(queries.list_day("en", PUBLISHED.date())) == ["a-en"]
    assert sorted(slugs(queries.list_for_sitemap())) == ["a-en", "a-sv", "b-en", "b-sv"]
