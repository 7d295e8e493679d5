"""The demo's texts are complete in both languages and follow the rules for dates, spelling and wording."""

import re
import tomllib
from datetime import date, datetime
from pathlib import Path

import pytest
from bs4 import BeautifulSoup

from forum.content import documents
from forum.content.shapes import Where
from forum.web.markdown import render

DEMO = Path(__file__).parents[2] / "forum" / "demo"
CONTENT = DEMO / "content"
LANGUAGES = ["en", "sv"]
SECTORS = ["politics", "justice", "tech", "ngo", "other"]

FILES = sorted([*DEMO.rglob("*.md"), *DEMO.rglob("*.toml")])
POSTS = sorted((CONTENT / "posts").glob("*.md"))
PAGES = sorted((CONTENT / "events").rglob("*.md"))
CURRENT_EVENT = CONTENT / "events" / "nf27"
CURRENT = [CURRENT_EVENT / "event.toml", *sorted((CURRENT_EVENT / "pages").glob("*.md"))]
CURRENT += [path for path in POSTS if "\nevent: nf{yy}\n" in path.read_text(encoding="utf-8")]

POST_FIELDS = {
    "event",
    "slug",
    "label",
    "headline",
    "lead",
    "author",
    "categories",
    "tags",
    "published",
    "body",
}
SHARED_FIELDS = ["event", "categories", "tags", "help_box", "published"]

DEPRECATED = re.compile(
    r"(child|kiddie|barn)[\s-]*porn|(child|barn)[\s-]*prostitu|child sex tourism|barnsexturism",
    re.IGNORECASE,
)
TRANSLATED_KEYS = {"name", "short_name", "lead", "sharing", "invited", "title", "text", "label"}
TRANSLATED_KEYS |= {"value", "slug"}


def name_of(path):
    return str(path.relative_to(DEMO))


def toml(path):
    return tomllib.loads(path.read_text(encoding="utf-8"))


def load(path):
    """Return the front matter of a Markdown file, with its text as `body`."""
    return documents.read_markdown(path.read_text(encoding="utf-8"), Where(path.name))


def posts_by_key():
    """Return {key: {language: post}}."""
    posts = {}
    for path in POSTS:
        posts.setdefault(path.name.split(".")[0], {})[path.name.split(".")[-2]] = load(path)
    return posts


def section_ids(path):
    """Return the ids of a page's sections, in order."""
    return re.findall(r"^## .* \{#([a-z-]+)\}$", path.read_text(encoding="utf-8"), re.MULTILINE)


def tables_in(value):
    """Yield every table of a TOML document, the outermost first."""
    if isinstance(value, dict):
        yield value
    children = value.values() if isinstance(value, dict) else value if isinstance(value, list) else []
    for child in children:
        yield from tables_in(child)


# Tests of rules for every file of the demo


@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_file_has_no_exclamation_mark(path):
    assert [line for line in path.read_text(encoding="utf-8").splitlines() if "!" in line] == []


@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_file_has_no_deprecated_term(path):
    """No file of the demo has a deprecated term but the glossary, which names each as a word to avoid."""
    lines = path.read_text(encoding="utf-8").splitlines()
    said = [line for line in lines if path.name != "glossary.toml" or not line.startswith("avoid = ")]
    assert DEPRECATED.findall("\n".join(said)) == []


def test_deprecated_terms_are_found_in_a_text_that_has_them():
    words = ["Child " + "porno", "barn" + "porno", "barn-" + "prostitution", "child sex " + "tourism"]
    assert [word for word in words if not DEPRECATED.search(f"About {word} and more.")] == []


@pytest.mark.parametrize("path", CURRENT, ids=name_of)
def test_text_of_the_current_event_names_no_year(path):
    assert re.findall(r"\b20\d\d\b|\bNF\d\d\b", path.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize("path", [*POSTS, *PAGES], ids=name_of)
def test_text_links_to_pages_in_its_own_language(path):
    language = path.name.split(".")[-2]
    links = re.findall(r"\]\((/[^)]*)\)", path.read_text(encoding="utf-8"))
    assert [link for link in links if not link.startswith(f"/{language}/")] == []


def page_is_there(link):
    """Return whether a link leads to a page of the demo, and to a section that this page has."""
    _, language, *event, _, slug = link.partition("#")[0].split("/")
    path = CONTENT / "events" / ("nf16" if event else "nf27") / "pages" / f"{slug}.{language}.md"
    fragment = link.partition("#")[2]
    return path.exists() and (not fragment or fragment in section_ids(path))


@pytest.mark.parametrize("path", [*POSTS, *PAGES], ids=name_of)
def test_links_to_pages_lead_somewhere(path):
    links = re.findall(r"\]\((/[^)]*/pages/[^)]*)\)", path.read_text(encoding="utf-8"))
    assert [link for link in links if not page_is_there(link)] == []


@pytest.mark.parametrize("path", [*POSTS, *PAGES], ids=name_of)
def test_text_comes_out_of_markdown_whole(path):
    html = BeautifulSoup(render(load(path)["body"]), "html.parser")
    assert [heading.get("id") for heading in html.find_all("h2") if heading.get("id")] == section_ids(path)
    assert re.findall(r"\*\*|\]\(|\{#|^\| ", html.get_text(), re.MULTILINE) == []


# Tests of rules for the demo's events


@pytest.mark.parametrize("slug", ["nf16", "nf27"])
def test_event_is_written_in_both_languages(slug):
    event = toml(CONTENT / "events" / slug / "event.toml")
    incomplete = [
        (key, value)
        for table in tables_in(event)
        for key, value in table.items()
        if key in TRANSLATED_KEYS - {"slug"} and not (sorted(value) == LANGUAGES and all(value.values()))
    ]
    assert incomplete == []


@pytest.mark.parametrize("slug", ["nf16", "nf27"])
def test_event_has_the_five_sectors(slug):
    assert [sector["key"] for sector in toml(CONTENT / "events" / slug / "event.toml")["sectors"]] == SECTORS


def test_floors_leave_a_common_pool_and_ceilings_can_fill_the_room():
    event = toml(CURRENT_EVENT / "event.toml")
    floors = sum(sector["floor"] for sector in event["sectors"])
    ceilings = [sector["ceiling"] for sector in event["sectors"]]
    assert floors <= 200
    assert max(ceilings) < event["registration"]["capacity"] <= sum(ceilings)
    assert [sector["key"] for sector in event["sectors"] if sector["policy"] != "open"] == ["other"]
    assert all(sector["floor"] <= sector["ceiling"] for sector in event["sectors"])


@pytest.mark.parametrize("code", ["sv", "en"])
def test_front_page_text_names_no_number_of_places_that_settings_can_change(code):
    event = toml(CURRENT_EVENT / "event.toml")
    said = event["lead"][code] + event["sharing"][code]
    assert str(event["registration"]["capacity"]) not in said
    assert re.findall(r"\d+ (?:places|platser)", said) == []


def test_post_on_places_gives_the_figures_of_the_event():
    event = toml(CURRENT_EVENT / "event.toml")
    floors = [sector["floor"] for sector in event["sectors"]]
    figures = {*floors, *(sector["ceiling"] for sector in event["sectors"])}
    figures |= {
        event["registration"]["capacity"],
        sum(floors),
        event["registration"]["capacity"] - sum(floors),
    }
    for post in posts_by_key()["how-places-are-shared"].values():
        written = {int(number) for number in re.findall(r"\d+", post["lead"] + post["body"])}
        assert figures - written == set()


# Tests of rules for the demo's standing pages


@pytest.mark.parametrize("path", PAGES, ids=name_of)
def test_page_says_what_it_is(path):
    page = load(path)
    assert sorted(page) == ["body", "order", "summary", "title"]
    assert len(re.findall(r"^## ", page["body"], re.MULTILINE)) >= 2


@pytest.mark.parametrize(
    ("event", "slugs"),
    [
        ("nf27", ["accessibility", "code-of-conduct", "practical", "privacy"]),
        ("nf16", ["about", "practical"]),
    ],
)
def test_event_has_its_pages_in_both_languages(event, slugs):
    names = sorted(path.name for path in (CONTENT / "events" / event / "pages").iterdir())
    assert names == sorted(f"{slug}.{language}.md" for slug in slugs for language in LANGUAGES)


@pytest.mark.parametrize("path", [path for path in PAGES if ".sv." in path.name], ids=name_of)
def test_page_has_the_same_sections_in_both_languages(path):
    other = path.with_name(path.name.replace(".sv.", ".en."))
    assert section_ids(path) == section_ids(other) != []


@pytest.mark.parametrize("language", LANGUAGES)
def test_privacy_notice_says_what_the_law_asks(language):
    path = CURRENT_EVENT / "pages" / f"privacy.{language}.md"
    text = path.read_text(encoding="utf-8")
    sections = "controller purposes fields recipients retention protected-identity rights complaint"
    assert section_ids(path) == sections.split()
    assert text.count("\n\n{{field-register}}\n\n") == 1
    article = {"sv": "artikel 6.1 f", "en": "Article 6(1)(f)"}[language]
    assert [word for word in ("IMY", "48", article) if word not in text] == []


# Tests of rules for the demo's posts


def test_there_are_at_least_eight_posts_all_in_both_languages():
    posts = posts_by_key()
    assert len(posts) >= 8
    assert {key: sorted(texts) for key, texts in posts.items() if sorted(texts) != LANGUAGES} == {}


@pytest.mark.parametrize("path", POSTS, ids=name_of)
def test_post_has_its_front_matter(path):
    post = load(path)
    assert set(POST_FIELDS) - set(post) == set()
    assert post["event"] in ("nf16", "nf{yy}")
    assert len(post["headline"]) <= 80
    assert len(post["lead"]) <= 240


@pytest.mark.parametrize("path", POSTS, ids=name_of)
def test_post_has_sections_and_a_fair_length(path):
    post = load(path)
    assert len(re.findall(r"^## ", post["body"], re.MULTILINE)) >= 2
    assert 250 <= len(post["body"].split()) <= 500


@pytest.mark.parametrize("path", POSTS, ids=name_of)
def test_post_is_dated(path):
    post = load(path)
    if post["event"] == "nf{yy}":
        assert re.fullmatch(r"\{[1-9]\d* days ago\} \d\d:\d\d", post["published"])
        return
    published = datetime.fromisoformat(post["published"])
    updated = datetime.fromisoformat(post.get("updated", post["published"]))
    assert published.tzinfo is not None
    assert updated >= published
    dated = [*post.get("sources", []), *post.get("corrections", [])]
    assert all(type(entry["date"]) is date for entry in dated)


def test_post_slugs_are_ascii_and_unique():
    slugs = [(path.name.split(".")[-2], load(path)["slug"]) for path in POSTS]
    assert [slug for _, slug in slugs if not re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", slug)] == []
    assert len(slugs) == len(set(slugs))


def test_post_says_the_same_of_itself_in_both_languages():
    for texts in posts_by_key().values():
        swedish, english = texts["sv"], texts["en"]
        assert [field for field in SHARED_FIELDS if swedish.get(field) != english.get(field)] == []
        for field in ("sources", "corrections"):
            entries = swedish.get(field, []), english.get(field, [])
            assert [entry["date"] for entry in entries[0]] == [entry["date"] for entry in entries[1]]
        assert swedish["body"].count("\n## ") == english["body"].count("\n## ")


def test_hard_subjects_carry_a_note_and_a_help_box():
    post = posts_by_key()["operation-dark-room"]["en"]
    assert (bool(post["content_note"]), post["help_box"]) == (True, True)


def test_dark_room_keeps_the_first_figures_and_corrects_them():
    for post in posts_by_key()["operation-dark-room"].values():
        (correction,) = post["corrections"]
        assert correction["date"] == date(2017, 5, 30)
        assert "84" in correction["text"]
        assert [figure for figure in ("51", "150", "84") if figure in post["body"]] == ["51", "150"]


def test_every_image_is_small_described_in_both_languages_and_shown():
    """The demo has three images: two are covers of posts, and one is in a post's text."""
    originals = {path.stem: path for path in CONTENT.rglob("*.jpg")}
    described = {path.stem: toml(path)["alt"] for path in CONTENT.rglob("images/*.toml")}
    assert set(originals) == set(described) == {"horizon", "seats", "threads"}
    assert max(path.stat().st_size for path in originals.values()) < 100_000
    assert {name for name, alt in described.items() if sorted(filter(alt.get, alt)) != LANGUAGES} == set()
    for language in LANGUAGES:
        texts = [posts[language] for posts in posts_by_key().values()]
        shown = [text["cover"] for text in texts if "cover" in text]
        shown += [mark for text in texts for mark in re.findall(r"\{image [a-z]+\}", text["body"])]
        assert sorted(shown) == [f"{{image {name}}}" for name in sorted(originals)]


# Tests of rules for the demo's categories, tags and people


def test_categories_are_known_and_named_in_both_languages():
    categories = toml(CONTENT / "taxonomy.toml")["categories"]
    used = {key for texts in posts_by_key().values() for key in texts["sv"]["categories"]}
    assert used == {category["key"] for category in categories}
    for language in LANGUAGES:
        slugs = [category["slug"][language] for category in categories]
        assert len(slugs) == len(set(slugs))
        assert [slug for slug in slugs if not re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", slug)] == []
        assert all(category["name"][language] for category in categories)


def test_tag_aliases_lead_to_tags_that_are_used():
    tags = toml(CONTENT / "taxonomy.toml")["hashtags"]
    used = {tag for texts in posts_by_key().values() for tag in texts["sv"]["tags"]}
    aliases = {alias for tag in tags for alias in tag.get("aliases", [])}
    canonical = {tag["name"] for tag in tags}
    assert canonical - used == set()
    assert aliases & canonical == set()
    assert {tag["name"]: tag.get("aliases") for tag in tags}["#ECPATCHALLENGE"] == ["#ECPAT CHALLENGE"]


PROPER_NAMES = {
    *("#NF{yy}", "#NF16", "#ECPATCHALLENGE", "#Operation Dark Room", "#Tor", "#Stockholm", "#Agenda 2030"),
}


def test_every_hashtag_has_a_name_in_each_language():
    tags = toml(CONTENT / "taxonomy.toml")["hashtags"]
    used = {tag for texts in posts_by_key().values() for tag in texts["sv"]["tags"]}
    named = {tag["name"]: tag["names"] for tag in tags}
    spellings = {alias for tag in tags for alias in tag.get("aliases", [])}
    assert used - spellings == set(named)
    assert {name for name, names in named.items() if names["sv"] == names["en"]} == PROPER_NAMES
    assert all(name == names["sv"] for name, names in named.items())


def test_dark_room_has_fifteen_tags_some_with_spaces_and_nordic_letters():
    tags = posts_by_key()["operation-dark-room"]["sv"]["tags"]
    assert len(tags) == len(set(tags)) == 15
    assert {"#ECPATCHALLENGE", "#ECPAT CHALLENGE", "#Mörka nätet", "#Övergrepp på nätet"} <= set(tags)


def test_invented_organisations_cannot_be_mailed():
    people = toml(DEMO / "people.toml")
    by_sector = {entry["sector"]: entry["list"] for entry in people["organisations"]}
    domains = [organisation["domain"] for entries in by_sector.values() for organisation in entries]
    assert [key for key in SECTORS if len(by_sector[key]) < 12] == []
    assert len(domains) == len(set(domains))
    assert [domain for domain in domains if not re.fullmatch(r"[a-z-]+\.example", domain)] == []


def test_every_kind_of_organisation_has_titles_in_both_languages():
    people = toml(DEMO / "people.toml")
    kinds = {organisation["kind"] for entry in people["organisations"] for organisation in entry["list"]}
    assert {entry["kind"] for entry in people["titles"]} == kinds
    assert [entry["kind"] for entry in people["titles"] if len(entry["sv"]) != len(entry["en"])] == []


def test_names_hold_every_nordic_letter():
    names = toml(DEMO / "people.toml")["names"]
    words = "".join(word for entry in names for word in entry["given"] + entry["family"])
    assert set("åäöøæþðáŧčž") - set(words.lower()) == set()


@pytest.mark.parametrize("path", sorted((CURRENT_EVENT / "pages").glob("*.md")), ids=lambda path: path.name)
def test_no_word_of_a_title_is_longer_than_the_footers_column(path):
    """On a phone the footer lists the titles of pages in two narrow columns, in which a long word would be broken."""
    assert max(map(len, load(path)["title"].split())) <= 22
