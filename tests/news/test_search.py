"""Searching pages and posts, on both databases."""

import pytest

from forum.columns import Text
from forum.folding import search_fold
from forum.news import matching
from tests.factories.events import make_archive, make_event, make_page
from tests.factories.news import make_post

pytestmark = pytest.mark.usefixtures("frozen", "database")


@pytest.fixture
def app(make_app, database_url):
    return make_app(database_url)


def titles(page) -> list[str]:
    """Return the titles of the results as plain text, without the marks of the words that match."""
    return [title.get_text() for title in page.soup.select(".hit-title")]


def extracts(page) -> list[str]:
    """Return the extracts of the results."""
    return [extract.get_text() for extract in page.soup.select(".hit-extract")]


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("tor", ["Encryption"]),
        ("TOR encr", ["Encryption"]),
        ("encryption missing", []),
        ("oresund", ["Øresund"]),
        ("ØRESUND", ["Øresund"]),
        ("ø", ["Øresund", "Encryption"]),  # the search treats ø as o
        ("100%", ["Øresund"]),
        ("%", ["Øresund"]),
        ("_", []),
        ("'", []),
        ("\\", []),
        ("#øresund", ["Øresund"]),
        (None, []),  # an empty search field leads to a redirect (tests/web/test_own_addresses.py)
        ("  \t ", []),
        ("x" * 5000, []),
        ("a\0b", []),
        ("' OR 1=1 --", []),
        ("\ud83d\ude42".encode("utf-16", "surrogatepass").decode("utf-16"), []),
    ],
)
def test_search_finds_posts_that_hold_every_word(pages, words, found):
    make_post(headline="Encryption", lead="Tor and others.", body="")
    make_post(headline="Øresund", lead="100% a sound.", body="")
    page = pages.get("news.search", q=words)
    assert titles(page) == found


def test_search_keeps_the_words_and_says_how_many_it_found(pages):
    make_event()
    for _number in range(3):
        make_post(headline="Tor")
    page = pages.get("news.search", q="tor")
    assert (page.form("main form").data, page.all("main h2")) == ({"q": ["tor"]}, ["3 posts"])
    assert page.headers["Cache-Control"] == "no-cache"
    assert page.soup.select_one("meta[name=robots]")["content"] == "noindex"


def test_search_leaves_out_pages_in_a_language_that_their_event_is_not_in(pages, monkeypatch):
    """Texts in a language that an event no longer has are not found, and push no other page out of the results."""
    monkeypatch.setattr(matching, "PAGES_AT_MOST", 1)
    hidden = make_event(languages=["en"], name=Text(sv="Klaffbron", en="Drawbridge"))
    make_page(hidden, "hidden", body=Text(sv="Klaffbron ligger dold.", en="The drawbridge."))
    make_page(make_archive(), "shown", title=Text(sv="Synlig", en="Shown"), body=Text(sv="Klaffbron.", en=""))
    for words in ("klaffbron", "affbro"):
        assert titles(pages.get("news.search", lang="sv", q=words)) == ["Synlig (Nordiskt forum 2016)"]
    assert titles(pages.get("news.search", q="drawbridge")) == ["Drawbridge"]


def test_search_from_the_list_by_its_form(pages):
    make_post(headline="Tor")
    assert titles(pages.get("news.index").submit({"q": "tor"})) == ["Tor"]


def test_search_without_a_hit_says_so(pages):
    assert pages.get("news.search", q="nothing").all(".empty-title") == ["Nothing contains all these words"]
    assert pages.get("news.search").all(".empty-title") == []


@pytest.mark.parametrize("query", ["q=a&q=b", "q[]=a", "q=%FF%FE", "page=x", "q=%00"])
def test_search_bears_odd_parameters(pages, query):
    pages.get(f"/en/news/search?{query}")


def test_search_shows_the_best_of_many_and_of_equals_the_newest(pages, monkeypatch):
    monkeypatch.setattr(matching, "POSTS_AT_MOST", 2)
    for number in range(3):
        make_post(headline=f"Tor {number}")
    page = pages.get("news.search", q="tor")
    assert titles(page) == ["Tor 2", "Tor 1"]
    assert "Many posts contain these words. The 2 best matches are shown." in page.text


def test_search_finds_only_the_language_of_the_page(pages):
    make_post(languages=("sv",), headline="Tor")
    assert titles(pages.get("news.search", q="tor")) == []
    assert titles(pages.get("news.search", q="tor", lang="sv")) == ["Tor"]


def test_search_finds_pages_too_those_with_the_words_in_the_title_first(pages):
    event = make_event()
    make_page(event, "privacy", title=Text(en="Privacy"), body=Text(en="## Who\n\nNobody sees the *costs*."))
    make_page(event, "costs", title=Text(en="Costs"), body=Text(en="None."))
    make_page(make_archive(), "about", title=Text(en="About"), body=Text(en="Costs of 2016."))
    make_page(make_archive(slug="draft", is_published=False), "secret", body=Text(en="Costs nobody knows."))
    make_post(headline="Costs of a post")
    page = pages.get("news.search", q="costs")
    assert page.all("main h2") == ["3 pages", "1 post"]
    assert titles(page) == ["Costs", "Privacy", "About (Nordic Forum 2016)", "Costs of a post"]
    assert page.links["Privacy"] == "/en/pages/privacy"
    assert page.links["About (Nordic Forum 2016)"] == "/en/events/nf16/pages/about"
    assert page.all(".hit-facts") == ["Nordic Forum 2016", "25 November 2016 · Blog"]


def test_search_finds_the_front_page_by_its_programme_and_facts(pages):
    point = {"title": {"sv": "A", "en": "A point"}, "text": {"sv": "B", "en": "A psychologist speaks."}}
    event = make_event(programme_points=[point], facts=[])
    make_page(event)
    page = pages.get("news.search", q="psychologist")
    assert (titles(page), extracts(page)) == (
        ["Nordic Forum for testing"],
        ["A point: A psychologist speaks."],
    )


def test_search_shows_the_part_that_answers_with_its_words_marked(pages):
    body = "Before.\n\n## A [heading](https://e.example/oresund)\n\nThe **Øresund** is a sound & a bridge.\n\nAfter."
    make_post(headline="Over the Öresund", lead="A lead.", body=body)
    page = pages.get("news.search", q="oresund SOUND")
    assert extracts(page) == ["The Øresund is a sound & a bridge."]
    assert page.all(".hit-title mark, .hit-extract mark") == ["Öresund", "Øresund", "sound"]


def test_search_shows_the_lead_where_only_a_hashtag_or_an_address_holds_the_words(pages):
    make_post(lead="A lead.", body="[Here](https://e.example/oresund).")
    page = pages.get("news.search", q="oresund")
    assert (extracts(page), page.soup.select(".hit mark")) == (["A lead."], [])


@pytest.mark.parametrize("words", ["<script>", "<b>", "&lt;b&gt;", '"', "mark"])
def test_search_never_makes_html_of_words_or_texts(pages, words):
    make_post(
        headline=f"{words} here", lead="<mark>x</mark> &lt;b&gt; <script>alert(1)</script>", body=f"`{words}`"
    )
    page = pages.get("news.search", q=words)
    assert titles(page) == [f"{words} here"]
    assert {tag.name for tag in page.soup.select(".hit *")} <= {"h3", "a", "mark", "p", "time"}


@pytest.mark.parametrize(
    ("text", "folded"),
    [("Åsa ÄR  här\n", "asa ar har"), ("Þór", "thor"), ("æble ðŁ", "able dl"), ("STRASSE ß", "strasse ss")],
)
def test_fold_for_searching(text, folded):
    assert search_fold(text) == folded


def test_search_is_limited_to_one_event(pages):
    event, archive = make_event(), make_archive(short_name=Text(sv="Nordiskt forum", en="Nordic Forum"))
    make_archive(slug="draft", is_published=False)
    for each in (event, archive):
        make_page(each, "costs", title=Text(sv="Kostnader", en=f"Costs in {each.slug}"), body=Text())
        make_post(headline=f"Costs of {each.slug}", event_id=each.id)
    make_post(headline="Costs of no event")
    every = [
        "Costs in nf27",
        "Costs in nf16 (Nordic Forum)",
        "Costs of no event",
        *[f"Costs of {each}" for each in ("nf16", "nf27")],
    ]
    page = pages.get("news.search", q="costs")
    assert sorted(titles(page)) == sorted(every)
    assert page.all("#find-within option") == ["All forums", "Nordic Forum 2027", "Nordic Forum (2016)"]

    page = page.form("main form").submit({"event": "nf16"})
    assert titles(page) == ["Costs in nf16 (Nordic Forum)", "Costs of nf16"]
    assert page.form("main form").data == {"q": ["costs"], "event": ["nf16"]}
    swedish = page.follow("Svenska")
    assert titles(swedish) == ["Costs of nf16"]
    assert swedish.form("main form").data == {"q": ["costs"], "event": ["nf16"]}
    for word in ("osts", "co"):  # the search word is found at the end of "costs" and at its beginning
        assert titles(pages.get("news.search", q=word, event="nf16")) == titles(page)
    none = pages.get("news.search", q="nf27", event="nf16")
    assert titles(none) == []
    assert titles(none.follow("Search all forums")) == ["Costs in nf27", "Costs of nf27"]

    # A slug that no public event has does not limit the search.
    for unknown in ("draft", "nf99", "nf16\0", "%"):
        assert sorted(titles(pages.get("news.search", q="costs", event=unknown))) == sorted(every)
    assert page.all("#find-within [selected]") == ["Nordic Forum (2016)"]


def test_search_offers_no_choice_while_there_is_one_event(pages):
    make_event()
    assert pages.get("news.search").soup.select("#find-within") == []
