"""Standing pages of the present event and of an earlier one."""

from datetime import UTC, datetime

import pytest

from forum.columns import Text
from tests.factories.events import make_archive, make_event, make_page
from tests.factories.news import make_post

pytestmark = pytest.mark.usefixtures("frozen", "database")


def test_page_shows_title_summary_text_and_when_it_changed(pages):
    body = Text(sv="## Del {#del}\n\nOrd.", en="## Part {#part}\n\nWords.")
    make_page(make_event(), body=body, updated_at=datetime(2027, 4, 30, 22, 30, tzinfo=UTC))
    page = pages.get("events.page", slug="practical")
    assert (page.h1, page.all(".lead")) == ("Page practical", ["What the page is about."])
    assert page.all(".prose") == ["Part Words."]
    assert "Last changed 1 May 2027" in page.text  # 22:30 UTC the day before, in the event's time zone
    assert page.soup.find(id="part").name == "h2"
    assert page.links["Svenska"] == "/sv/pages/practical"


def test_page_in_swedish(pages):
    make_page(make_event())
    page = pages.get("events.page", slug="practical", lang="sv")
    assert (page.h1, page.soup.html["lang"]) == ("Sidan practical", "sv")


@pytest.mark.parametrize(
    "path",
    [
        "/en/pages/none",
        "/en/pages/a%00b",
        "/en/events/none/pages/practical",
        "/en/events/nf16/pages/only-now",
        "/en/events/nf27/pages/practical",  # the current event's pages have a URL without its slug only
        "/en/events/draft/pages/practical",
        "/fi/pages/practical",
    ],
)
def test_page_that_is_not_there_is_not_found(pages, path):
    event = make_event()
    make_page(event), make_page(event, "only-now"), make_page(make_archive())
    make_page(make_archive(slug="draft", is_published=False))
    pages.get(path, expect=404)


def test_page_of_an_earlier_event_says_so_and_leads_to_the_present_one(pages):
    make_event()
    make_page(make_archive())
    page = pages.get("/en/events/nf16/pages/practical")
    assert page.all(".note-title") == ["This is an earlier forum"]
    assert "Nordic Forum 2016 was held on 16–17 November 2016" in page.text
    assert page.links["Go to the current forum"] == "/en/"
    assert page.links["Svenska"] == "/sv/events/nf16/pages/practical"


def test_page_of_the_present_event_does_not_say_so(pages):
    make_page(make_event())
    assert pages.get("events.page", slug="practical").soup.select(".note") == []


def test_beside_a_page_stand_its_parts_and_the_way_to_register(pages):
    body = Text(en="## One {#one}\n\nA.\n\n### Below\n\nB.\n\n## Two *words*\n\nC.", sv="x")
    make_page(make_event(), body=body)
    page = pages.get("events.page", slug="practical")
    links = [(link.text, link["href"]) for link in page.soup.select(".rail .contents a")]
    assert links == [("One", "#one"), ("Two words", "#part-2")]
    assert page.soup.select_one(".rail .event-card a")["href"] == "/en/register"


def test_cells_of_a_table_say_their_column_where_the_table_has_no_room(pages):
    body = Text(en="| Kind | Who |\n|---|---|\n| Open | All |", sv="x")
    make_page(make_event(), body=body)
    cells = pages.get("events.page", slug="practical").soup.select(".prose td")
    assert [(cell.text, cell["data-label"]) for cell in cells] == [("Open", "Kind"), ("All", "Who")]


def test_page_costs_few_queries(pages):
    event = make_event()
    make_page(event)
    one = pages.get("events.page", slug="practical")
    make_page(event, "other"), make_page(event, "third"), make_post()
    assert len(one.statements) == len(pages.get("events.page", slug="practical").statements) <= 4


def test_pages_of_an_event_are_in_the_footer_of_every_page(pages):
    event = make_event()
    make_page(event, "privacy"), make_page(make_archive(), "about")
    for path in ("/en/", "/en/news/", "/en/events/nf16/"):
        assert pages.get(path).links["Page privacy"] == "/en/pages/privacy"
