"""Searching posts, on both databases."""

import pytest

from forum.folding import search_fold
from forum.news import queries
from tests.factories.events import make_event
from tests.factories.news import make_post

pytestmark = pytest.mark.usefixtures("frozen", "database")


@pytest.fixture
def app(make_app, database_url):
    return make_app(database_url)


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("tor", ["Encryption"]),
        ("TOR encr", ["Encryption"]),
        ("encryption missing", []),
        ("oresund", ["Øresund"]),
        ("ØRESUND", ["Øresund"]),
        ("ø", ["Øresund", "Encryption"]),  # a search folds ø to o
        ("100%", ["Øresund"]),
        ("%", ["Øresund"]),
        ("_", []),
        ("'", []),
        ("\\", []),
        ("#øresund", ["Øresund"]),
        ("", []),
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
    assert page.all(".teaser-headline") == found


def test_search_keeps_the_words_and_says_how_many_it_found(pages):
    make_event()
    for _number in range(3):
        make_post(headline="Tor")
    page = pages.get("news.search", q="tor")
    assert (page.form("main form").data, page.all(".filters-said")) == ({"q": ["tor"]}, ["3 posts"])
    assert page.headers["Cache-Control"] == "no-cache"
    assert page.soup.select_one("meta[name=robots]")["content"] == "noindex"


def test_search_from_the_list_by_its_form(pages):
    make_post(headline="Tor")
    assert pages.get("news.index").submit({"q": "tor"}).all(".teaser-headline") == ["Tor"]


def test_search_without_a_hit_says_so(pages):
    assert pages.get("news.search", q="nothing").all(".empty-title") == ["No post contains all these words"]
    assert pages.get("news.search").all(".empty-title") == []


@pytest.mark.parametrize("query", ["q=a&q=b", "q[]=a", "q=%FF%FE", "page=x", "q=%00"])
def test_search_bears_odd_parameters(pages, query):
    pages.get(f"/en/news/search?{query}")


def test_search_shows_the_newest_of_many(pages, monkeypatch):
    monkeypatch.setattr(queries, "FOUND_AT_MOST", 2)
    for number in range(3):
        make_post(headline=f"Tor {number}")
    page = pages.get("news.search", q="tor")
    assert page.all(".teaser-headline") == ["Tor 2", "Tor 1"]
    assert page.all(".filters-said") == ["Many posts contain these words. The newest 2 are shown."]


def test_search_finds_only_the_language_of_the_page(pages):
    make_post(languages=("sv",), headline="Tor")
    assert pages.get("news.search", q="tor").all(".teaser-headline") == []
    assert pages.get("news.search", q="tor", lang="sv").all(".teaser-headline") == ["Tor"]


@pytest.mark.parametrize(
    ("text", "folded"),
    [("Åsa ÄR  här\n", "asa ar har"), ("Þór", "thor"), ("æble ðŁ", "able dl"), ("STRASSE ß", "strasse ss")],
)
def test_fold_for_searching(text, folded):
    assert search_fold(text) == folded
