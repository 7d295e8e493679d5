"""Rows that name a language in which the forum does not write get the one that is chosen for rows that name none."""

import pytest
from sqlalchemy import select

from forum import clock
from forum.extensions import db
from forum.imports import kept_tables, tables, values
from forum.registration.models import Registration
from tests.factories.events import NOW, make_event, make_sector
from tests.imports.test_imports import CHOSEN, LOOK, ON
from tests.imports.test_long_tables import work

OTHERS = ("nb", "Norsk", "fi", "de-informal", "Norwegian", "klingon")
TABLE = "First name;Language\nKim;sv-SE\nSam;English\nLo;\n" + "".join(f"Bo {one};{one}\n" for one in OTHERS)
TOLD = (
    "6 people get the language chosen for rows that name none, because the forum does not write in the "
    "languages of their rows"
)
CHOSEN = {**CHOSEN, "organisation": "Polisen", "links": "silent", "which": "all", "language": "en"}
LANGUAGES = ["sv", *["en"] * 8]


@pytest.fixture
def app(make_app, database_url):
    return make_app(database_url)


@pytest.fixture
def event(database):
    clock.freeze(NOW)
    return make_event(sectors=[make_sector("ngo")])


@pytest.fixture
def page(organiser, event):
    return organiser.get("imports.new", event="nf27")


def registered() -> list[str]:
    return list(db.session.scalars(select(Registration.language).order_by(Registration.id)))


def test_other_languages_are_no_faults_and_the_dry_run_counts_them(page):
    dry = page.submit({"lines": TABLE}, button=ON, expect=200).submit(CHOSEN, button=LOOK, expect=200)
    assert TOLD in dry.text
    assert not dry.all("#wrong")
    dry.submit(button="Import 9 people", follow=True)
    assert registered() == LANGUAGES


def test_other_languages_in_a_long_table_are_counted_like_those_in_a_short_one(page, organiser, monkeypatch):
    monkeypatch.setattr(tables, "MOST", 2)
    monkeypatch.setattr(kept_tables, "PART", 2)
    asked = page.submit({"lines": TABLE}, button=ON, follow=True)
    asked.submit(CHOSEN, button=LOOK, follow=True)
    work()
    dry = organiser.get(asked.path)
    assert TOLD in dry.text
    dry.submit(button="Import 9 people", follow=True)
    work(times=2)
    assert registered() == LANGUAGES


def test_row_in_another_language_is_wrong_only_where_no_language_is_chosen(page):
    shown = page.submit({"lines": "First name;Language\nKim;nb\n"}, button=ON, expect=200)
    # The language is asked for beside what no row says, not among what every row says.
    assert "Language of our messages, for rows that name none (optional)" in shown.all(
        "form > fieldset legend"
    )
    chosen = {name: value for name, value in CHOSEN.items() if name != "language"}
    dry = shown.submit(chosen, button=LOOK, expect=200)
    assert [" ".join(row.split()) for row in dry.all("#wrong ~ * tbody tr")] == [
        "2 Language The forum does not write in “nb”, and no language is chosen for rows that name none"
    ]
    mended = dry.submit({"language": "sv"}, button=LOOK, expect=200)
    assert "1 person gets the language chosen for rows that name none" in mended.text


def test_person_of_a_table_that_was_stored_before_an_update_is_read(event):
    stored = [2, "ngo", {"given_name": "Kim", "family_name": "", "organisation": "Polisen", "title": "",
              "country": "SE", "language": "sv", "phone": None}, "", "", {}, []]  # fmt: skip
    assert kept_tables.unpacked(event, stored).lacks_own_language is False


@pytest.mark.parametrize("text", ["UK", "uk", "U.K.", "Great Britain"])
def test_britain_is_known_by_the_names_that_people_use(text):
    assert values.country(text) == "GB"
