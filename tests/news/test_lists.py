"""Lists of posts: their order, pages, years, categories and hashtags."""

from datetime import UTC, datetime, timedelta

import pytest

from forum.columns import Text
from forum.news import queries
from forum.news.queries import PER_PAGE
from tests.factories.events import make_event
from tests.factories.news import make_category, make_post, make_tag

pytestmark = pytest.mark.usefixtures("frozen", "database")


def make_posts(number: int, **shared) -> None:
    """Save posts with headlines "Post 1" (the oldest) and so on, a day apart."""
    for index in range(1, number + 1):
        when = datetime(2017, 1, 1, 12, tzinfo=UTC) + timedelta(days=index)
        make_post(headline=f"Post {index}", published_at=when, **shared)


def headlines(page) -> list[str]:
    """Return the headlines on the page, from the top."""
    return page.all(".teaser-headline")


def test_index_without_posts_says_so(pages):
    assert pages.get("news.index").all(".empty-title") == ["There is nothing here yet"]


def test_index_lists_the_newest_first(pages):
    make_posts(3)
    assert headlines(pages.get("news.index")) == ["Post 3", "Post 2", "Post 1"]


def test_index_shows_label_date_and_lead_and_leads_to_the_post(pages):
    make_post(headline="A headline", slug="a-post", label="Blog", lead="A lead.")
    page = pages.get("news.index")
    assert page.all(".lead-post .kicker, .lead-post-lead") == ["25 November 2016 · Blog", "A lead."]
    assert page.links["A headline"] == "/en/news/2016/11/25/a-post-en"


def test_posts_of_the_same_moment_keep_an_order_over_pages(pages):
    for index in range(PER_PAGE + 2):
        make_post(headline=f"Post {index}")
    pages_of_posts = headlines(pages.get("news.index")), headlines(pages.get("news.index", number=2))
    assert [headline for page in pages_of_posts for headline in page] == [
        f"Post {index}" for index in reversed(range(PER_PAGE + 2))
    ]


@pytest.mark.parametrize(("posts", "on_second_page"), [(PER_PAGE + 1, ["Post 1"]), (2 * PER_PAGE, PER_PAGE)])
def test_index_continues_on_a_second_page(pages, posts, on_second_page):
    make_posts(posts)
    first = pages.get("news.index")
    assert (len(headlines(first)), first.links["Older posts"]) == (PER_PAGE, "/en/news/page/2")
    assert first.all(".pager-summary") == ["Page 1 of 2"]
    second = first.follow("Older posts")
    assert on_second_page in (headlines(second), len(headlines(second)))
    assert second.links["Newer posts"] == "/en/news/"
    assert "Older posts" not in second.links


def test_index_of_one_page_has_no_pager(pages):
    make_posts(PER_PAGE)
    assert pages.get("news.index").soup.select(".pager") == []


def test_the_first_page_has_one_address(pages):
    make_posts(1)
    assert pages.get("/en/news/page/1", expect=301).location == "/en/news/"


@pytest.mark.parametrize("number", ["0", "2", "9999", "10000", "99999999999999999999", "-1", "two"])
def test_a_page_that_does_not_exist_is_not_found(pages, number):
    make_posts(3)
    pages.get(f"/en/news/page/{number}", expect=404)


def test_index_leads_to_the_years_and_categories_that_have_posts(pages):
    used = make_category("used")
    make_category("unused")
    make_post(categories=[used])
    make_posts(1)
    page = pages.get("news.index")
    assert page.all(".rail-list a") == ["Category used", "2017", "2016"]
    assert (page.links["2016"], page.links["Category used"]) == (
        "/en/news/2016/",
        "/en/news/categories/used-en",
    )


def test_year_lists_its_posts_by_the_newsrooms_calendar(pages):
    make_post(headline="Still 2016", published_at=datetime(2016, 12, 31, 22, 59, tzinfo=UTC))
    make_post(headline="Already 2017", published_at=datetime(2016, 12, 31, 23, 0, tzinfo=UTC))
    assert headlines(pages.get("news.year", year=2016)) == ["Still 2016"]
    page = pages.get("news.year", year=2017)
    assert (page.h1, headlines(page)) == ("News from 2017", ["Already 2017"])
    assert page.links["Already 2017"].startswith("/en/news/2017/01/01/")


@pytest.mark.parametrize("year", ["2015", "0000", "9999", "16", "20160"])
def test_a_year_without_posts_is_not_found(pages, year):
    make_post()
    pages.get(f"/en/news/{year}/", expect=404)


def test_category_lists_its_posts(pages):
    category = make_category("police")
    make_post(headline="Inside", categories=[category])
    make_post(headline="Outside")
    page = pages.get("news.category", slug="police-en")
    assert (page.h1, headlines(page)) == ("Category police", ["Inside"])
    assert page.links["Svenska"] == "/sv/news/categories/police-sv"


def test_category_by_its_slug_in_another_language_leads_to_the_right_one(pages):
    make_category("police")
    assert pages.get("/en/news/categories/police-sv", expect=301).location == "/en/news/categories/police-en"
    pages.get("/en/news/categories/none", expect=404)


def test_category_continues_on_a_second_page(pages):
    make_posts(PER_PAGE + 1, categories=[make_category("police")])
    second = pages.get("news.category", slug="police-en").follow("Older posts")
    assert (second.path, headlines(second)) == ("/en/news/categories/police-en/page/2", ["Post 1"])
    assert second.links["Svenska"] == "/sv/news/categories/police-sv/page/2"


@pytest.mark.parametrize(
    "spelling",
    ["%23M%C3%B6rka%20n%C3%A4tet", "MörkaNätet", "m%C3%B6rka-n%C3%A4tet", "MORKA", "%23Det%20mörka%20nätet"],
)
def test_every_spelling_leads_to_the_hashtags_address(pages, spelling):
    tag = make_tag("#Mörka nätet", aliases=("#Morka", "#Det mörka nätet"))
    make_post(headline="Inside", tags=[tag])
    make_post(headline="Outside")
    page = pages.get(f"/en/news/tags/{spelling}", expect=301)
    assert page.location == "/en/news/tags/m%C3%B6rkan%C3%A4tet"
    page = pages.open(page.location)
    assert (page.h1, headlines(page)) == ("#Mörka nätet", ["Inside"])


def test_a_hashtag_is_called_and_found_by_its_name_in_the_pages_language(pages):
    tag = make_tag("#Mörka nätet", aliases=("#Dark web",), names=Text(en="#Dark web"))
    make_post(headline="Inside", slug="a", tags=[tag])
    english, swedish = (
        pages.get("news.tag", name=name, lang=lang)
        for name, lang in (("darkweb", "en"), ("mörkanätet", "sv"))
    )
    assert (english.h1, swedish.h1) == ("#Dark web", "#Mörka nätet")
    assert (headlines(english), headlines(swedish)) == (["Inside"], ["Inside"])
    assert english.links["Svenska"] == "/sv/news/tags/m%C3%B6rkan%C3%A4tet"
    assert pages.get("/en/news/tags/mörkanätet", expect=301).location == "/en/news/tags/darkweb"
    assert pages.get("/sv/news/tags/darkweb", expect=301).location == "/sv/news/tags/m%C3%B6rkan%C3%A4tet"
    assert pages.get("/en/news/2016/11/25/a-en").links["#Dark web"] == "/en/news/tags/darkweb"
    assert (
        pages.get("/en/news/tags/mörkanätet/feed.atom", expect=301).location
        == "/en/news/tags/darkweb/feed.atom"
    )


def test_a_hashtag_of_its_own_wins_over_an_alias(pages):
    make_post(tags=[make_tag("#One", aliases=("#Two",))])
    make_post(headline="The second", tags=[make_tag("#Two")])
    assert headlines(pages.get("news.tag", name="two")) == ["The second"]


@pytest.mark.parametrize("name", ["none", "%23", "%F0%9F%99%82", "a" * 250, "a%00b", "..%2F..%2Fetc"])
def test_an_unknown_hashtag_is_not_found(pages, name):
    make_post(tags=[make_tag("#NF16")])
    pages.get(f"/en/news/tags/{name}", expect=404)


def test_a_hashtag_without_posts_in_this_language_says_so(pages):
    make_post(languages=("sv",), tags=[make_tag("#NF16")])
    assert pages.get("news.tag", name="nf16").all(".empty-title") == ["There is nothing here yet"]
    assert len(headlines(pages.get("news.tag", name="nf16", lang="sv"))) == 1


def test_lists_show_only_the_posts_of_their_language(pages):
    make_post(languages=("sv",), headline="På svenska")
    make_post(headline="In both")
    assert headlines(pages.get("news.index")) == ["In both"]
    assert headlines(pages.get("news.index", lang="sv")) == ["In both", "På svenska"]


@pytest.mark.parametrize("endpoint", ["news.index", "news.year", "news.month", "news.category", "news.tag"])
def test_a_list_costs_the_same_for_one_post_and_for_three(pages, endpoint):
    make_event()
    category, tag = make_category("police"), make_tag("#NF16")
    values = {
        "news.year": {"year": 2016},
        "news.month": {"year": 2016, "month": 11},
        "news.category": {"slug": "police-en"},
        "news.tag": {"name": "nf16"},
    }
    asked = [endpoint, values.get(endpoint, {})]
    make_post(categories=[category], tags=[tag])
    one = pages.get(asked[0], **asked[1])
    for _index in range(2):
        make_post(categories=[category], tags=[tag])
    three = pages.get(asked[0], **asked[1])
    assert (len(headlines(one)), len(headlines(three))) == (1, 3)
    # Three queries for the list, three for header and footer: the event, its sectors, and links to pages and forums.
    assert len(one.statements) == len(three.statements) <= 6


def test_the_newest_post_is_set_large_and_the_others_stand_by_year(pages):
    for year in (2015, 2016, 2016, 2017):
        make_post(headline=f"Of {year}", published_at=datetime(year, 5, 1, 12, tzinfo=UTC))
    page = pages.get("news.index")
    assert page.all(".lead-post .teaser-headline") == ["Of 2017"]
    years = {section.h2.text: len(section.select(".teaser")) for section in page.soup.select(".news-year")}
    assert years == {"2016": 2, "2015": 1}


def test_beside_the_list_stand_search_the_forum_to_come_and_the_ways_in(pages):
    make_event()
    make_post(categories=[make_category("used")])
    page = pages.get("news.index")
    assert page.soup.select(".col-rail form[role=search] input[type=search]")
    assert page.all(".rail h2") == ["Categories", "Years", "Follow"]
    card = page.soup.select_one(".rail .event-card")
    assert "16–17 November 2027, Stockholm" in card.text
    assert card.a["href"] == "/en/register"


def test_every_page_below_the_news_has_the_same_breadcrumbs(pages):
    make_post(slug="a-post", categories=[make_category("police")], tags=[make_tag("#NF16")])
    for path in ("2016/", "categories/police-en", "tags/nf16", "search", "2016/11/25/a-post-en"):
        first = pages.get(f"/en/news/{path}").soup.select_one(".breadcrumbs a")
        assert (first.text, first["href"]) == ("News", "/en/news/"), path
    assert pages.get("news.index").soup.select(".breadcrumbs") == []


def test_categories_beside_the_list_say_how_many_posts_they_have(pages):
    police, words = make_category("police"), make_category("words")
    for categories in ([police], [police, words], []):
        make_post(categories=categories)
    make_post(categories=[words], languages=("sv",))
    assert pages.get("news.index").all(".rail-counted li") == [
        "Category police 2 posts",
        "Category words 1 post",
    ]


def test_archive_leads_from_a_year_to_its_months_with_the_number_of_their_posts(pages):
    november = datetime(2016, 11, 30, 22, 59, tzinfo=UTC)  # in Stockholm this is the last minute of the month
    for headline, moment in (
        ("In November", november),
        ("Already December", november + timedelta(minutes=1)),
        ("New Year's Eve", datetime(2016, 12, 31, 22, 59, tzinfo=UTC)),
        ("Of 2017", datetime(2016, 12, 31, 23, 0, tzinfo=UTC)),
    ):
        make_post(headline=headline, published_at=moment)
    make_post(languages=("sv",), published_at=datetime(2015, 7, 1, tzinfo=UTC))
    make_post(published_at=None)
    page = pages.get("news.year", year=2016)
    assert [item.get_text(" ", strip=True) for item in page.soup.select("nav[aria-labelledby] li")] == [
        "November 2016 1 post",
        "December 2016 2 posts",
        "2017 1 post",
        "2016 3 posts",
    ]
    month = page.follow("December 2016")
    assert (month.path, month.h1) == ("/en/news/2016/12/", "News from December 2016")
    assert headlines(month) == ["New Year's Eve", "Already December"]
    assert [(link.text, link["href"]) for link in month.soup.select(".breadcrumbs a")] == [
        ("News", "/en/news/"),
        ("2016", "/en/news/2016/"),
    ]
    # The English page of a month with Swedish posts only says that it is empty; the Swedish page links to it.
    assert pages.get("/en/news/2015/07/").all(".empty-title") == ["There is nothing here yet"]
    for path in ("2015/06/", "2016/13/", "2016/00/", "2016/1/", "9999/12/", "2016/12/page/2"):
        pages.get(f"/en/news/{path}", expect=404)


def test_archive_continues_on_a_second_page(pages, monkeypatch):
    monkeypatch.setattr(queries, "PER_PAGE_OF_ARCHIVE", 2)
    make_posts(3)
    first = pages.get("news.month", year=2017, month=1)
    second = first.follow("Older posts")
    assert (first.all(".pager-summary"), second.path) == (["Page 1 of 2"], "/en/news/2017/01/page/2")
    assert (headlines(first), headlines(second)) == (["Post 3", "Post 2"], ["Post 1"])
    assert headlines(pages.get("/en/news/2017/page/2")) == ["Post 1"]
    assert pages.get("/en/news/2017/page/1", expect=301).location == "/en/news/2017/"
