"""The public page of a post: its text, dates, corrections, links to neighbouring posts, and picture."""

import json
from datetime import UTC, date, datetime
from io import BytesIO

import pytest
from PIL import Image

from forum.columns import Text
from forum.news.models import Correction, Source
from tests.factories.events import HELP_LINES, make_archive, make_event
from tests.factories.news import make_category, make_post, make_tag

pytestmark = pytest.mark.usefixtures("frozen", "database")

PATH = "/en/news/2016/11/25/a-post-en"


def correction(day: int, text: str) -> Correction:
    """Return a correction made on this day of May 2017."""
    return Correction(made_on=date(2017, 5, day), text=Text(sv=f"{text} sv", en=text))


def test_post_shows_all_of_it(pages):
    make_event()
    make_post(
        slug="a-post",
        label="Blog",
        headline="A headline",
        lead="A lead.",
        body="First.\n\n## Part\n\nLast.",
        content_note="It is hard to read.",
        has_help_box=True,
        corrections=[correction(30, "It was 84.")],
        sources=[
            Source(
                title=Text(sv="Polisen", en="Police"),
                url="https://police.example/1",
                published_on=date(2016, 11, 20),
            ),
            Source(title=Text(en="A talk"), position=1),
        ],
        categories=[make_category("police")],
        tags=[make_tag("#NF16"), make_tag("#Mörka nätet")],
    )
    page = pages.get(PATH)
    assert (page.h1, page.title) == ("A headline", "A headline – Nordic Forum 2027")
    assert page.all(".kicker, .lede") == ["Blog", "A lead."]
    assert page.all(".byline") == ["The office · 25 November 2016 · corrected 30 May 2017"]
    assert page.all(".prose") == ["First. Part Last."]
    assert page.all(".caution") == ["About this text. It is hard to read. Leave this page"]
    assert page.all("#corrections, #corrections ~ p") == [
        "Correction",
        "30 May 2017 It was 84.",
        "All corrections",
    ]
    assert page.all(".sources li") == ["Police 20 November 2016", "A talk"]
    assert page.links["Police"] == "https://police.example/1"
    assert page.all(".tag") == ["#NF16", "#Mörka nätet", "Category police"]
    assert page.links["#Mörka nätet"] == "/en/news/tags/m%C3%B6rkan%C3%A4tet"
    assert page.links["Category police"] == "/en/news/categories/police-en"


def test_beside_a_post_stand_its_parts_its_history_and_the_forum_to_come(pages):
    make_event()
    make_post(
        slug="a-post",
        body="Text.\n\n## One {#one}\n\nText.\n\n## Two\n\nText.",
        corrections=[correction(30, "It was 84.")],
        sources=[Source(title=Text(en="A talk"))],
    )
    page = pages.get(PATH)
    contents = page.soup.select(".rail .contents a")
    assert [(link.text, link["href"]) for link in contents] == [
        ("One", "#one"),
        ("Two", "#part-2"),
        ("Correction", "#corrections"),
        ("Sources", "#sources"),
    ]
    assert page.all(".prose h2") == ["One", "Two"]
    assert page.all(".rail-pairs > div") == ["Published 25 November 2016", "Corrected 30 May 2017"]
    assert page.soup.select_one(".rail .event-card a")["href"] == "/en/register"


def test_plain_post_has_no_empty_parts(pages):
    make_post(slug="a-post")
    page = pages.get(PATH)
    assert page.soup.select(".note, .caution, .sources, .tags, .turn, .contents") == []
    assert page.all(".byline") == ["The office · 25 November 2016"]


@pytest.mark.parametrize(
    ("updated", "corrections", "said"),
    [
        (datetime(2016, 11, 25, 15, tzinfo=UTC), [], ""),  # an update on the day of publication is not shown
        (datetime(2017, 5, 30, 12, tzinfo=UTC), [], " · updated 30 May 2017"),
        (datetime(2017, 5, 30, 12, tzinfo=UTC), [30], " · corrected 30 May 2017"),
        (
            datetime(2017, 6, 1, 12, tzinfo=UTC),
            [2, 30],
            " · updated 1 June 2017 · corrected 30 May 2017",
        ),
    ],
)
def test_byline_says_when_it_changed(pages, updated, corrections, said):
    make_post(slug="a-post", updated_at=updated, corrections=[correction(day, "x") for day in corrections])
    assert pages.get(PATH).all(".byline") == [f"The office · 25 November 2016{said}"]


def test_corrections_stand_in_order_and_the_byline_leads_to_them(pages):
    make_post(slug="a-post", corrections=[correction(30, "Later."), correction(2, "Earlier.")])
    page = pages.get(PATH)
    assert page.all("#corrections, #corrections ~ p") == [
        "Corrections",
        "2 May 2017 Earlier.",
        "30 May 2017 Later.",
        "All corrections",
    ]
    assert page.links["corrected 30 May 2017"] == "#corrections"


def test_help_box_has_the_numbers_of_the_events_country_and_its_hotline(pages):
    make_event(help_lines=HELP_LINES)
    make_post(slug="a-post", has_help_box=True)
    page = pages.get(PATH)
    links = {link.text: link["href"] for link in page.soup.select(".help a")}
    assert links == {
        "112": "tel:112",
        "114 14": "tel:11414",
        "The hotline": "https://hotline.example/",
        "Help and reporting in each Nordic country": "/en/#help",
    }
    assert "The numbers work in Sweden." in " ".join(page.all(".help"))


@pytest.mark.parametrize("event", [True, False])
def test_help_box_without_an_event_or_its_help_lines_has_the_swedish_numbers(pages, event):
    if event:
        make_event()
    make_post(slug="a-post", has_help_box=True)
    page = pages.get(PATH)
    assert {link.text: link["href"] for link in page.soup.select(".help a")} == {
        "112": "tel:112",
        "114 14": "tel:11414",
    }
    assert "The numbers work in Sweden." in " ".join(page.all(".help"))


def test_post_of_an_earlier_forum_leads_to_that_forum(pages):
    event, archive = make_event(), make_archive()
    make_post(slug="a-post", event_id=archive.id)
    make_post(slug="of-now", event_id=event.id)
    said = "From an earlier forum: Nordic Forum 2016"
    assert pages.get(PATH).all(".kicker") == ["Blog", said]
    assert pages.get(PATH).soup.select_one(".kicker a")["href"] == "/en/events/nf16/"
    assert pages.get("/en/news/2016/11/25/of-now-en").all(".kicker") == ["Blog"]


@pytest.mark.parametrize("date", ["2016/11/24", "2015/01/01", "2016/02/31", "0000/00/00"])
def test_another_date_leads_to_the_right_address(pages, date):
    make_post(slug="a-post")
    assert pages.get(f"/en/news/{date}/a-post-en", expect=301).location == PATH


def test_another_languages_slug_leads_to_this_languages_address(pages):
    make_post(slug="a-post")
    assert pages.get("/en/news/2016/11/25/a-post-sv", expect=301).location == PATH


def test_the_date_in_the_address_is_the_newsrooms(pages):
    make_post(slug="a-post", published_at=datetime(2016, 11, 24, 23, 30, tzinfo=UTC))
    assert "25 November 2016" in pages.get(PATH).text


def test_language_switch_and_hreflang_lead_to_the_same_post(pages):
    make_post(slug="a-post")
    page = pages.get(PATH)
    assert page.links["Svenska"] == "/sv/news/2016/11/25/a-post-sv"
    assert {link["hreflang"]: link["href"] for link in page.soup.select("head link[hreflang]")} == {
        "sv": "http://127.0.0.1:8000/sv/news/2016/11/25/a-post-sv",
        "en": f"http://127.0.0.1:8000{PATH}",
    }
    assert pages.open(page.links["Svenska"]).links["English"] == PATH


def test_post_in_another_language_only_says_where_it_can_be_read(pages):
    make_post(slug="a-post", languages=("sv",), headline="På svenska")
    page = pages.get("/en/news/2016/11/25/a-post-sv", expect=404)
    assert page.h1 == "This text is not in English"
    assert page.links["På svenska"] == "/sv/news/2016/11/25/a-post-sv"
    there = pages.open(page.links["På svenska"])
    assert there.soup.select("head link[hreflang]") == []
    assert there.links["English"] == "/en/"


@pytest.mark.parametrize("slug", ["none", "a%00b", "..%2f", "%F0%9F%99%82", "a" * 400, "%FF"])
def test_an_unknown_post_is_not_found(pages, slug):
    make_post(slug="a-post")
    pages.get(f"/en/news/2016/11/25/{slug}", expect=404)


def test_neighbours_are_the_posts_before_and_after(pages):
    for day in (24, 26, 25):
        make_post(
            slug="a-post" if day == 25 else f"day-{day}",
            headline=f"Day {day}",
            published_at=datetime(2016, 11, day, 8, tzinfo=UTC),
        )
    make_post(languages=("sv",), published_at=datetime(2016, 11, 25, 9, tzinfo=UTC))
    page = pages.get(PATH)
    assert page.links["Older Day 24"] == "/en/news/2016/11/24/day-24-en"
    assert page.links["Newer Day 26"] == "/en/news/2016/11/26/day-26-en"
    assert pages.get("/en/news/2016/11/26/day-26-en").all("main .turn a") == ["Older Day 25"]
    assert pages.get("/en/news/2016/11/24/day-24-en").all("main .turn a") == ["Newer Day 25"]


def test_neighbours_of_the_same_moment_do_not_skip_each_other(pages):
    for name in ("one", "two", "three"):
        make_post(slug=name, headline=name)
    assert pages.get("/en/news/2016/11/25/two-en").all("main .turn a") == ["Newer three", "Older one"]


def test_share_box_gives_the_whole_address_and_no_tracker(pages):
    make_post(slug="a-post", headline="Å & ö")
    page = pages.get(PATH)
    share = page.soup.select_one("[data-share]")
    assert share["data-url"] == f"http://127.0.0.1:8000{PATH}"
    mail = share.select_one("a")["href"]
    assert mail.startswith("mailto:?subject=%C3%85%20%26%20%C3%B6&body=http%3A")
    assert page.soup.select("a[href*=facebook], a[href*=twitter], a[href*=linkedin]") == []


def test_open_graph_and_article_data_describe_the_post(pages):
    make_post(
        slug="a-post", headline="A headline", lead="A lead.", updated_at=datetime(2017, 5, 30, tzinfo=UTC)
    )
    page = pages.get(PATH)
    found = {meta["property"]: meta["content"] for meta in page.soup.select("meta[property]")}
    assert {name: found[f"og:{name}"] for name in ("type", "title", "description", "url")} == {
        "type": "article",
        "title": "A headline",
        "description": "A lead.",
        "url": f"http://127.0.0.1:8000{PATH}",
    }
    assert found["og:image"] == f"http://127.0.0.1:8000{PATH}/share.png"
    assert Image.open(BytesIO(pages.get(f"{PATH}/share.png").data)).size == (1200, 630)
    assert (found["og:image:width"], found["og:image:height"]) == ("1200", "630")
    assert (found["og:image:alt"], found["og:locale"], found["og:locale:alternate"]) == (
        "A headline",
        "en_GB",
        "sv_SE",
    )
    assert (found["article:published_time"], found["article:modified_time"]) == (
        "2016-11-25T08:00:00+00:00",
        "2017-05-30T00:00:00+00:00",
    )
    assert page.soup.select_one("meta[name='twitter:card']")["content"] == "summary_large_image"
    data = json.loads(page.soup.select_one('script[type="application/ld+json"]').string)
    assert (data["@type"], data["headline"], data["inLanguage"]) == ("NewsArticle", "A headline", "en")
    assert (data["datePublished"], data["dateModified"]) == (
        "2016-11-25T08:00:00+00:00",
        "2017-05-30T00:00:00+00:00",
    )
    assert data["image"] == [f"http://127.0.0.1:8000{PATH}/share.png"]
    assert page.soup.select_one("link[rel=canonical]")["href"] == f"http://127.0.0.1:8000{PATH}"


def test_article_data_name_the_publisher_with_its_logo(pages):
    make_event(contact_email="forum@example.org")
    make_post(slug="a-post")
    data = json.loads(pages.get(PATH).soup.select_one('script[type="application/ld+json"]').string)
    publisher = data["publisher"]
    assert (publisher["@type"], publisher["name"]) == ("Organization", "Nordic Forum 2027")
    pages.get(publisher["logo"]["url"].removeprefix("http://127.0.0.1:8000"))


@pytest.mark.parametrize(
    ("path", "own"),
    [
        ("/en/news/2016/11/24/a-post-en/share.png", f"{PATH}/share.png"),
        ("/en/news/2016/02/31/a-post-en/share.png", f"{PATH}/share.png"),
        ("/en/news/2016/11/25/a-post-sv/share.png", f"{PATH}/share.png"),
        ("/sv/news/2016/11/25/a-post-en/share.png", "/sv/news/2016/11/25/a-post-sv/share.png"),
    ],
)
def test_a_picture_is_led_to_the_address_that_its_post_has(pages, path, own):
    make_post(slug="a-post")
    assert pages.get(path, expect=301).location == own
    assert pages.get(own).status == 200


@pytest.mark.parametrize(
    "path",
    [
        "/en/news/2016/11/25/draft-en/share.png",
        "/en/news/2016/11/24/draft-en/share.png",
        "/sv/news/2016/11/25/draft-en/share.png",
        "/en/news/2016/11/25/swedish-sv/share.png",
        "/en/news/2016/11/25/none/share.png",
    ],
)
def test_only_a_public_post_has_a_picture_and_only_in_its_languages(pages, path):
    make_post(slug="draft", published_at=None)
    make_post(slug="swedish", languages=("sv",))
    pages.get(path, expect=404)


def test_picture_of_a_post_names_its_forum_and_place_but_no_forum_that_is_not_public(pages, monkeypatch):
    drawn = []
    monkeypatch.setattr("forum.web.share_picture.draw", lambda card: drawn.append(card) or b"")
    event, archive = make_event(), make_archive()
    hidden = make_archive(slug="draft", is_published=False)
    for slug, event_id in (("a", event.id), ("b", archive.id), ("c", hidden.id), ("d", None)):
        make_post(slug=slug, headline="A headline", event_id=event_id)
        pages.get(f"/en/news/2016/11/25/{slug}-en/share.png")
    assert {(card.title, card.below) for card in drawn} == {("A headline", "25 November 2016")}
    assert [card.above for card in drawn] == [
        "Nordic Forum 2027 · Stockholm",
        "Nordic Forum 2016 · Stockholm",
        "",
        "Nordic Forum 2027 · Stockholm",
    ]


def test_hostile_words_stay_words_everywhere(pages):
    hostile = "</script><img src=x onerror=alert(1)> {{7*7}} {0.__class__}"
    make_event()
    make_post(
        slug="a-post",
        **dict.fromkeys(("headline", "lead", "body", "content_note"), hostile),
        label=hostile,
        author=Text(en=hostile),
        corrections=[correction(30, hostile)],
        sources=[Source(title=Text(en=hostile), url="https://e.example/")],
        tags=[make_tag(f"#x{hostile}")],
        categories=[make_category("c", name=Text(en=hostile))],
    )
    for path in (PATH, "/en/news/", "/en/", "/en/news/categories/c-en", "/en/news/search?q=onerror"):
        page = pages.get(path)
        assert page.soup.select("main img, [onerror]") == []
        assert "49" not in page.text.replace("2016", "")
    data = json.loads(pages.get(PATH).soup.select_one('script[type="application/ld+json"]').string)
    assert data["headline"] == hostile


def test_a_post_leads_to_those_that_share_most_with_it(pages):
    tags, categories = [make_tag("#A"), make_tag("#B")], [make_category("a")]
    make_post(slug="a-post", headline="This", tags=tags, categories=categories)
    for headline, differing in (
        ("One hashtag", {"tags": tags[:1]}),
        ("A category", {"categories": categories}),
        ("Both hashtags", {"tags": tags}),
        ("Hashtag and category", {"tags": tags[1:], "categories": categories}),
        ("Nothing", {}),
        ("Everything, but a draft", {"tags": tags, "categories": categories, "published_at": None}),
        ("Everything, in Swedish", {"tags": tags, "categories": categories, "languages": ("sv",)}),
    ):
        make_post(headline=headline, **differing)
    related = "section[aria-labelledby=related] a"
    assert pages.get(PATH).all(related) == ["Both hashtags", "Hashtag and category", "One hashtag"]
    make_post(slug="alone")
    assert pages.get("/en/news/2016/11/25/alone-en").all(related) == []


def test_a_post_costs_the_same_with_one_and_with_three_of_everything(pages):
    make_event()
    tags = [make_tag(f"#T{number}") for number in range(3)]
    categories = [make_category() for _number in range(3)]
    counts = []
    for number in (1, 3):
        make_post(
            slug=f"with-{number}",
            tags=tags[:number],
            categories=categories[:number],
            corrections=[correction(day, "x") for day in range(1, number + 1)],
            sources=[Source(title=Text(en="x"), position=index) for index in range(number)],
        )
        counts.append(len(pages.get(f"/en/news/2016/11/25/with-{number}-en").statements))
    assert counts[0] == counts[1] <= 12


def test_a_kept_page_is_given_without_a_query(pages):
    make_event()
    make_post(slug="a-post")
    first, second = pages.get(PATH), pages.get(PATH)
    assert (second.data, second.statements) == (first.data, [])
    assert pages.get(PATH, headers={"If-None-Match": first.headers["ETag"]}, expect=304).data == b""
