"""The database's own index of posts and pages: updated with every change, ranked, safe from hostile words."""

import json

import flask_migrate
import pytest
from sqlalchemy import delete, func, insert, select, text, update

from forum.cli import cli
from forum.columns import Text
from forum.database import start_write
from forum.events.models import Page
from forum.extensions import db
from forum.jobs.table import JOBS
from forum.jobs.worker import run_job
from forum.news import matching, reindexing
from forum.news.hits import wanted_words
from forum.news.models import Post, PostText
from forum.news.search_entries import SearchEntry
from forum.news.searching import search_text
from tests.factories.events import NOW, make_archive, make_event, make_page
from tests.factories.news import PUBLISHED, make_post, make_tag
from tests.guards import old_data

pytestmark = pytest.mark.usefixtures("frozen")
HOSTILE = (
    *('"', '""', '"tor', "tor*", "*", "^tor", "tor OR", "AND", "NOT tor", "NEAR(tor encryption, 2)", "-tor"),
    *("title:tor", "{title lead}:tor", "search_index", "tor + encryption", "tor'", "tor''x", "\\", "tor\\"),
    *(
        "tor & !",
        "!tor",
        "tor <-> x",
        "tor | |",
        "(tor",
        "tor)",
        "tor:*",
        "tor:ABCD",
        "&",
        "|",
        "<2>",
        "the",
        "och",
    ),
    *(
        "a.b.c/d?e=f",
        "e-post",
        "1e5",
        "-1.5e-3",
        "%",
        "100%",
        "_",
        "$$",
        ";--",
        "\N{ZERO WIDTH SPACE}",
        "tor\0x",
    ),
    *(
        "\N{ARABIC LIGATURE SALLALLAHOU ALAYHE WASALLAM}" * 90,
        "a " * 50,
        "ǰ" * 100,
        "𞤀𞤁",
        "１２３",
        "é" * 100,
        "ﬃ",
    ),
)


@pytest.fixture
def app(make_app, database_url):
    return make_app(database_url)


def found(words: str, language: str = "en") -> list[str]:
    """Return the titles of the pages and posts that a search finds, as they are stored."""
    wanted = wanted_words(words)
    pages = matching.find_pages(language, wanted)
    titles = [(page.title if page else event.name).in_language(language) for page, event in pages]
    return [*titles, *(post.headline for post in matching.find_posts(language, wanted))]


def run_jobs() -> list[int]:
    return [run_job(job) for job in JOBS if job.name in {"index posts", "index pages"}]


def indexed(words: str) -> int:
    """Return how many entries the database's index has for a word, without the search's other steps."""
    count = 0
    for language in ("sv", "en"):
        match = matching._match(language, [words])
        query = select(func.count()).select_from(SearchEntry).join(matching.INDEX, match.on)
        count += db.session.scalar(query.where(match.condition, SearchEntry.language == language))
    return count


def test_each_change_is_in_the_index_with_its_commit(database):
    event = make_event()
    post = make_post(headline="Alpha", body="Bravo.", tags=[make_tag("#Charlie")])
    page = make_page(event, "costs", title=Text(en="Delta", sv="Delta"))
    assert [indexed(word) for word in ("alpha", "bravo", "charlie", "delta")] == [2, 2, 2, 2]
    start_write(database)
    post.texts[0].headline, post.texts[1].headline = "Echo", "Echo"
    post.tags[0].name = "#Foxtrot"
    page.title = Text(en="Golf", sv="Golf")
    event.facts = [{"label": {"en": "Hotel", "sv": "Hotel"}, "value": {"en": "India", "sv": "India"}}]
    database.commit()
    assert [indexed(word) for word in ("alpha", "charlie", "delta")] == [0, 0, 0]
    assert [indexed(word) for word in ("echo", "foxtrot", "golf", "hotel", "india", "bravo")] == [2] * 6
    start_write(database)
    post.texts.remove(post.texts[0])
    database.delete(page)
    database.commit()
    assert [indexed(word) for word in ("echo", "golf")] == [1, 0]
    start_write(database)
    post.texts[0].headline = "Juliett"
    database.rollback()
    start_write(database)
    database.delete(post)
    database.commit()
    assert [indexed(word) for word in ("echo", "juliett", "bravo", "hotel")] == [0, 0, 0, 2]
    assert (reindexing.count_outdated(), reindexing.is_index_whole()) == (0, True)


def test_what_an_earlier_version_writes_is_found_when_the_worker_has_looked(database):
    event, post = make_event(), make_post(headline="Alpha", lead="", body="Bravo.")
    page = make_page(event, "costs", title=Text(en="Delta"))
    assert (run_jobs(), reindexing.list_outdated(now=NOW)) == ([0, 0], [])
    start_write(database)
    # An earlier version writes posts and pages and raises the content version, but leaves the search index as it is.
    changed = {"headline": "Echo", "search_text": search_text("Echo", "", "Bravo.")}
    database.execute(update(PostText).where(PostText.post_id == post.id).values(changed))
    database.execute(update(Page).where(Page.id == page.id).values(title=Text(en="Golf")))
    late = {
        "key": "late",
        "author": Text(),
        "published_at": PUBLISHED,
        "announced_at": NOW,
        "has_help_box": False,
    }
    number = database.execute(insert(Post).values(late).returning(Post.id)).scalar()
    said = {"language": "en", "slug": "late", "label": "", "headline": "Late", "lead": "", "body": "Hotel."}
    database.execute(insert(PostText).values(post_id=number, search_text="late hotel.", **said))
    database.commit()
    assert (indexed("echo"), indexed("golf"), found("hotel")) == (0, 0, [])
    assert reindexing.count_outdated() == 3
    assert run_jobs() == [2, 1]
    assert (found("echo"), found("golf"), found("hotel")) == (["Echo"], ["Golf"], ["Late"])
    assert (run_jobs(), reindexing.count_outdated()) == ([0, 0], 0)


def test_the_best_answer_comes_first(database):
    event = make_event()
    make_page(event, "about", title=Text(en="About"), body=Text(en="Costs are low."))
    make_page(event, "costs", title=Text(en="Costs"), body=Text(en="None."))
    make_page(make_archive(), "about", title=Text(en="Costs then"), body=Text(en="None."))
    for headline, lead, body in (
        ("In the body", "A lead.", "Much text, then the costs, then much more text."),
        ("Of the costs", "A lead.", "A text."),
        ("In the lead", "The costs.", "A text."),
    ):
        make_post(headline=headline, lead=lead, body=body)
    assert found("costs") == ["Costs", "About", "Costs then", "Of the costs", "In the lead", "In the body"]


def test_words_inside_others_come_after_the_words(database):
    make_post(languages=("sv",), headline="Läkare")
    make_post(languages=("sv",), headline="Barnläkare")
    assert found("läkare", "sv") == ["Läkare", "Barnläkare"]


def test_postgresql_knows_other_forms_of_a_word_in_the_language(database):
    make_post(languages=("sv",), headline="Om en bild")
    make_post(languages=("en",), headline="A reported case")
    knows_forms = db.engine.dialect.name == "postgresql"
    assert found("bilderna", "sv") == (["Om en bild"] if knows_forms else [])
    assert found("reporting") == (["A reported case"] if knows_forms else [])


def test_only_what_everybody_may_read_is_found(database):
    make_page(make_event(), "costs", title=Text(en="Costs"))
    hidden = make_archive(slug="draft", is_published=False, name=Text(en="Costs of a draft"))
    make_page(hidden, "costs", title=Text(en="Costs of nobody"))
    make_post(headline="Costs, published")
    make_post(headline="Costs, in Swedish", languages=("sv",))
    make_post(headline="Costs, drafted", published_at=None)
    make_post(headline="Costs, moved", published_at=NOW.replace(year=NOW.year + 1))
    assert found("costs") == ["Costs", "Costs, published"]


@pytest.mark.usefixtures("database")
def test_no_words_break_the_search(pages):
    make_page(make_event())
    make_post(headline="Tor and e-post", body="a.b.c/d?e=f 100% é 1e5")
    for words in HOSTILE:
        pages.get("news.search", q=words)
    for name in ("e-post", "tor*", '"tor', "tor'", "100%", "b.c/d", "the tor"):
        wanted = ["Tor and e-post"] if name != "the tor" else found(name)
        assert found(name) == wanted, name
    path = f"/en/news/search?q={'x' * 256 * 1024}"
    assert pages.client.get(path).status_code in {200, 400, 414, 431}


def test_doctor_notices_an_index_out_of_step_and_a_command_makes_it_anew(app, database):
    make_page(make_event())
    make_post(headline="Alpha")
    runner = app.test_cli_runner()

    def said() -> str:
        return next(
            line
            for line in runner.invoke(cli, ["doctor", "--offline"]).output.splitlines()
            if " search: " in line
        )

    assert said() == "ok   search: finds what posts and pages say"
    start_write(database)
    database.execute(delete(SearchEntry).where(SearchEntry.post_id.is_not(None)))
    database.commit()
    assert said() == "BAD  search: 1 text is missing or outdated: forum rebuild-search"
    assert "1 text was missing or outdated" in runner.invoke(cli, ["rebuild-search"]).output
    start_write(database)
    empty = "INSERT INTO search_index(search_index) VALUES ('delete-all')"
    database.execute(text(empty if db.engine.dialect.name == "sqlite" else "DELETE FROM search_index"))
    database.commit()
    assert (indexed("alpha"), said().partition(", and ")[2]) == (
        0,
        "the database's index differs from its entries: forum rebuild-search",
    )
    runner.invoke(cli, ["rebuild-search"])
    assert (indexed("alpha"), said()) == (2, "ok   search: finds what posts and pages say")


def test_search_costs_the_same_for_one_text_and_for_many(pages, database):
    event = make_event()
    costs = []
    for number in range(3):
        make_page(event, f"page-{number}", title=Text(en="Tor"))
        for _each in range(1 + 10 * number):
            make_post(headline="Tor")
        costs.append(len(pages.get("news.search", q="tor").statements))
    # Two queries each for pages and posts; the event, its sectors, and the links of header and footer.
    assert costs == [costs[0]] * 3 <= [7] * 3


def test_posts_of_before_the_index_are_found_at_once(make_app, blank_database_url):
    kept = json.loads((old_data.FILES / "0008.json").read_text())["rows"]
    text_of_post = next(row for row in kept["post_texts"] if row["slug"] == "public-en")
    page = next(row for row in kept["pages"] if row["slug"] == "practical")
    with make_app(blank_database_url, DATA_KEYS=old_data.KEYS).app_context():
        flask_migrate.upgrade(revision="0008")
        with db.engine.begin() as connection:
            old_data.insert_rows(connection, kept)
        flask_migrate.upgrade()
        assert found(text_of_post["search_text"]) == [text_of_post["headline"]]
        assert found(page["title"]["en"]) == []
        assert min(run_jobs()) > 0
        assert found(text_of_post["headline"]) == [text_of_post["headline"]]
        assert found(page["title"]["en"]) == [page["title"]["en"]]
        assert reindexing.count_outdated() == 0
        db.session.remove()
        db.engine.dispose()
