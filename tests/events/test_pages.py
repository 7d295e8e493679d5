"""Standing pages of the current event and of an earlier one."""

import json
import re
from datetime import UTC, datetime
from pathlib import Path

import pytest
from flask_babel import force_locale
from flask_babel import gettext as _

import forum
from forum.columns import Text
from forum.content.documents import BODY, read_markdown
from forum.content.shapes import Where
from forum.database import start_write
from forum.demo.files import fill, read_content
from forum.extensions import db
from tests.factories.events import HELP_LINES, NOW, ORGANISER, make_archive, make_event, make_page
from tests.factories.news import make_post

pytestmark = pytest.mark.usefixtures("frozen", "database")


def test_page_shows_title_summary_text_and_when_it_changed(pages):
    body = Text(sv="## Del {#del}\n\nOrd.", en="## Part {#part}\n\nWords.")
    make_page(make_event(), body=body, updated_at=datetime(2027, 4, 30, 22, 30, tzinfo=UTC))
    page = pages.get("events.page", slug="practical")
    assert (page.h1, page.all(".lead")) == ("Page practical", ["What the page is about."])
    assert page.all(".prose") == ["Part Words."]
    # The change was made at 22:30 UTC on 30 April, which is 1 May in Stockholm.
    assert "Last changed 1 May 2027" in page.text
    assert page.soup.find(id="part").name == "h2"
    assert page.links["Svenska"] == "/sv/pages/practical"


def test_page_shows_the_hours_the_organiser_and_the_help_lines_in_their_places(pages):
    text = "One.\n\n{{hours}}\n\nTwo.\n\n{{organiser}}\n\nThree.\n\n{{help-lines}}\n\nFour. {{hours}}"
    event = make_event(nights=[{"ends": "17:00", "starts": "08:30"}], help_lines=HELP_LINES, **ORGANISER)
    make_page(event, body=Text(sv=text, en=text))
    page = pages.get("events.page", slug="practical")
    assert page.all(".prose") == ["One.", "Two.", "Three.", "Four. {{hours}}"]
    assert page.all("main .summary-row") == [
        "Tuesday 16 November 2027 9:00–17:00",
        "Wednesday 17 November 2027 8:30–16:30",
    ]
    assert "Exempelgatan 12, 111 22 Stockholm, Sweden" in page.soup.main.text
    assert page.all("main tbody tr") == ["Sweden 112 114 14 – The hotline", "Iceland 112 – 1717 –"]
    links = {link.text: link["href"] for link in page.soup.select("main a")}
    assert (links["1717"], links["+46 8 465 004 40"]) == ("tel:1717", "tel:+46846500440")


CONTACTS = [
    {"name": "Åsa Ek", "role": {"sv": "Samordnare", "en": "Coordinator"}, "email": "asa@example.org"},
    {"name": "Bo", "role": {"sv": "Värd"}, "phone": "+46 8 1"},
]
WAY = {
    "map_url": "https://map.example/here",
    "directions": Text(sv="Gå **rakt** fram.", en="Walk **straight** on."),
    "contacts": CONTACTS,
}


def test_way_and_contacts_stand_where_the_text_places_them_or_at_the_end(pages):
    event = make_event(**WAY)
    written = make_page(event, body=Text(sv="Ett.", en="## One {#one}\n\nTwo."))
    make_page(event, "privacy")
    page = pages.get("events.page", slug="practical")
    assert page.all("main h2")[-2:] == ["Getting there", "Contacts"]
    assert page.links["Getting there"] == "#directions"
    assert page.links["Stockholm on a map"] == "https://map.example/here"
    assert page.soup.select_one(".prose strong").text == "straight"
    assert page.all("main .plain-list li")[-2:] == [
        "Åsa Ek , Coordinator asa@example.org",
        "Bo , Värd +46 8 1",
    ]
    assert [role["lang"] for role in page.soup.select("main .plain-list li > span[lang]")] == ["sv"]
    assert "on a map" not in pages.get("events.page", slug="privacy").text

    placed = "One.\n\n{{directions}}\n\nTwo.\n\n{{contacts}}\n\nThree."
    save_body(written, Text(sv=placed, en=placed))
    page = pages.get("events.page", slug="practical")
    assert page.all(".prose") == ["One.", "Walk straight on.", "Two.", "Three."]
    assert "Getting there" not in page.text

    front = pages.get("home.front")
    assert (front.links["Map"], front.links["Directions"]) == (
        "https://map.example/here",
        "/en/pages/practical",
    )
    [data] = [json.loads(script.text) for script in front.soup.select('script[type="application/ld+json"]')]
    assert data["location"]["hasMap"] == "https://map.example/here"


def save_body(page, body: Text) -> None:
    """Change the text of a page."""
    start_write(db.session)
    page.body = body
    db.session.commit()


def test_footer_says_who_arranges_the_forum_whom_to_call_and_what_was_before(pages):
    make_event(help_lines=HELP_LINES, **ORGANISER), make_archive(organiser_name=Text(en="Somebody else"))
    for path in ("/en/", "/en/news/", "/en/events/nf16/"):
        page = pages.get(path)
        (footer,) = page.all("footer")
        assert "The secretariat Exempelgatan 12, 111 22 Stockholm, Sweden" in footer
        links = {link.text: link["href"] for link in page.soup.select("footer a")}
        assert links["114 14"] == "tel:11414"
        assert links["+46 8 465 004 40"] == "tel:+46846500440"
        assert links["Nordic Forum 2016"] == "/en/events/nf16/"


def test_footer_and_machines_have_the_organisers_logo(pages):
    make_event(organiser_logo="img/ring.svg", **ORGANISER)
    page = pages.get("/en/")
    logo = page.soup.select_one("footer img")["src"]
    assert pages.client.get(logo).mimetype == "image/svg+xml"
    assert json.loads(page.soup.select_one("script[type='application/ld+json']").string)["organizer"][
        "logo"
    ] == {
        "@type": "ImageObject",
        "url": f"http://127.0.0.1:8000{logo}",
    }


@pytest.mark.parametrize("path", ["/en/", "/en/news/", "/en/register"])
def test_a_logo_whose_file_is_not_there_is_left_out(pages, path):
    make_event(organiser_logo="img/organiser.svg", **ORGANISER)
    page = pages.get(path)
    assert page.soup.select("footer img") == []
    assert "The secretariat" in page.all("footer")[0]


def test_footer_of_a_first_forum_names_none_before(pages):
    make_event(), make_archive(is_published=False)
    assert "Earlier" not in pages.get("/en/").all("footer")[0]


def test_numbers_that_can_be_pressed_do_not_break(pages):
    make_event(help_lines=HELP_LINES, **ORGANISER)
    numbers = pages.get("/en/").soup.select("a[href^='tel:']")
    assert len(numbers) > 4
    assert [number for number in numbers if "nowrap" not in number.get("class", [])] == []


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
    assert page.soup.select_one(".brand")["href"] == "/en/events/nf16/"
    others = [
        (link.text, link["href"]) for link in page.soup.select("footer h2:-soup-contains('Other') + ul a")
    ]
    assert others == [("Nordic Forum 2027", "/en/")]
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
    # Four queries: the page, the event, its sectors, and the links of header and footer.
    assert len(one.statements) == len(pages.get("events.page", slug="practical").statements) <= 4


def test_pages_of_an_event_are_in_the_footer_of_every_page(pages):
    event = make_event()
    make_page(event, "privacy"), make_page(make_archive(), "about")
    for path in ("/en/", "/en/news/", "/en/events/nf16/"):
        assert pages.get(path).links["Page privacy"] == "/en/pages/privacy"


def test_page_has_a_picture_with_its_title_and_the_forums_days_and_place(pages, monkeypatch):
    drawn = []
    monkeypatch.setattr("forum.web.share_picture.draw", lambda card: drawn.append(card) or b"")
    make_page(make_event()), make_page(make_archive(), "about")
    make_page(make_archive(slug="draft", is_published=False))
    for path in ("/sv/pages/practical", "/en/events/nf16/pages/about"):
        named = pages.get(path).soup.select_one("meta[property='og:image']")["content"]
        assert named == f"http://127.0.0.1:8000{path}/share.png"
        pages.get(f"{path}/share.png")
    assert [(card.above, card.title, card.below) for card in drawn] == [
        ("Nordiskt forum 2027", "Sidan practical", "16–17 november 2027 · Stockholm"),
        ("Nordic Forum 2016", "Page about", "16–17 November 2016 · Stockholm"),
    ]
    for path in ("/en/pages/none", "/en/events/draft/pages/practical"):
        pages.get(f"{path}/share.png", expect=404)


def test_a_picture_is_kept_as_a_page_is(pages):
    make_page(make_event())
    first, second = (pages.get("/en/pages/practical/share.png") for _time in range(2))
    assert (second.data, second.statements) == (first.data, [])
    assert first.headers["Content-Type"] == "image/png"
    assert "Content-Encoding" not in pages.get("/en/share.png", headers={"Accept-Encoding": "br"}).headers
    assert pages.get(
        "/en/share.png", headers={"If-None-Match": pages.get("/en/share.png").headers["ETag"]}, expect=304
    )


def make_demo_page(event, folder: str, slug: str):
    """Save a standing page with the demo's text; `folder` is the demo event's folder, for instance nf{yy}."""
    texts, pages = read_content(NOW), fill(f"events/{folder}/pages/{slug}", NOW)
    files = {language: f"{pages}.{language}.md" for language in ("sv", "en")}
    bodies = {language: read_markdown(texts[file], Where(file))[BODY] for language, file in files.items()}
    make_page(event, slug, body=Text(**bodies))


@pytest.mark.parametrize(
    ("language", "words"),
    [
        (
            "en",
            ("the kitchen", "move around", "you do not have to say why"),
        ),
        ("sv", ("köket", "röra dig", "Du behöver inte säga varför.")),
    ],
)
def test_practical_page_leads_on_has_a_list_of_contents_and_says_something_of_food_and_access(
    pages, language, words
):
    make_demo_page(make_event(), "nf{yy}", "practical")
    page = pages.get("events.page", slug="practical", lang=language)
    ways = {link["href"] for link in page.soup.select("main .prose a")}
    assert {f"/{language}/register", f"/{language}/register/link"} <= ways
    headings = [f"#{heading['id']}" for heading in page.soup.select("main .prose h2")]
    assert [link["href"] for link in page.soup.select(".contents a")] == headings
    assert {"#registration", "#change", "#food"} <= set(headings)
    said = page.soup.find(id="food").find_next_sibling("p").get_text()
    assert [word for word in words if word not in said] == []


PROGRAMME = re.compile(r"\b(program|session|schema|schedule)", re.IGNORECASE)


@pytest.mark.parametrize("language", ["en", "sv"])
@pytest.mark.parametrize("slug", ["code-of-conduct", "about", "practical"])
def test_code_of_conduct_and_archive_speak_of_no_programme_that_is_not_there(pages, language, slug):
    event, archive = make_event(), make_archive()
    if is_present := slug == "code-of-conduct":
        make_demo_page(event, "nf{yy}", slug)
    else:
        make_demo_page(archive, "nf16", slug)
    page = pages.get(f"/{language}/{'' if is_present else 'events/nf16/'}pages/{slug}")
    assert len(page.all(".prose p")) > 3
    assert PROGRAMME.findall(page.text) == []
    assert page.soup.select("main a[href*=programme]") == []


@pytest.mark.parametrize("text", ["The programme says which applies.", "Läs programpunkten.", "In a session"])
def test_words_about_a_programme_are_found(text):
    assert PROGRAMME.search(text)


@pytest.mark.parametrize("language", ["sv", "en"])
def test_no_heading_of_the_first_texts_is_called_as_a_link_of_the_navigation(app, language):
    """A heading named like a link of the navigation would give the page two links of one name and different targets."""
    folder = Path(forum.__file__).parent
    texts = [
        *folder.glob(f"events/first_texts/*.{language}.md"),
        *folder.glob(f"demo/**/pages/*.{language}.md"),
    ]
    headings = {
        heading for text in texts for heading in re.findall(r"(?m)^#+ (.+?)(?: \{#.*\})?$", text.read_text())
    }
    with app.test_request_context(), force_locale(language):
        links = {_("The forum"), _("News"), _("Practical"), _("Register"), _("Registration")}
    assert len(headings) > 20
    assert headings & links == set()
