"""The list for the door as a PDF: the same people as in its other formats, by letter, with boxes to tick (P14, P21)."""

import re
import string

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, select

from forum.accounts.models import SignIn
from forum.extensions import db
from forum.registration import door_list, protection
from forum.registration.models import Registration
from forum.web.typesetting import NotSet
from tests.factories.events import NOW, make_event
from tests.factories.registrations import confirmed, register, write
from tests.registration.test_exports import ask, exported
from tests.web.pdfs import read_language, read_pages, read_title

WHY = {"purpose": "door", "recipient": "office", "shape": "pdf"}
# The letters of Nordic and Sámi names, and those of Baltic and Polish ones.
LETTERS = string.ascii_letters + "ÅÄÖåäöÆØæøÐÞðþÁáČčĐđŊŋŠšŦŧŽžÂâÕõÏïǤǥǦǧǨǩƷʒǮǯĀēģŁłńśżÉéÜüßÑç-' "


@pytest.fixture
def app(make_app, database_url):
    return make_app(database_url)


def fill() -> None:
    event = make_event()
    confirmed(event, family_name="Bergström", given_name="Åsa", organisation="Ø domstol")
    confirmed(event, "ngo", family_name="Ångström", given_name="Þórdís", organisation="*Berg*")
    confirmed(event, family_name="Ærlig", given_name='#read("/etc/passwd")', organisation="")
    register(event, "tech", family_name="Österberg", given_name="Bo", organisation="W" * 20)
    confirmed(event, family_name="berg", given_name="李", organisation="Nämnd")


@pytest.fixture
def people(filled) -> list[Registration]:
    return list(db.session.scalars(select(Registration).order_by(Registration.id)))


def words(file: bytes) -> list[str]:
    return "\n".join(read_pages(file)).split("\n")


def test_pdf_has_everybody_by_letter_with_their_status_in_place_of_a_box(organiser, event, people):
    page = ask(organiser, "?sort=-registered").submit(WHY, expect=200)
    assert page.headers["Content-Type"] == "application/pdf"
    assert page.headers["Content-Disposition"] == "attachment; filename=nf27-attendees-2027-05-03.pdf"
    said = words(page.data)
    heads = {"Organisation and sector", "Reference"}
    body = [line for line in said[said.index("B") : -2] if line not in heads]
    mine = {one.family_name: one.reference for one in people}
    assert body == [
        *("B", "berg", ", ", "▯", "Nämnd", "Justice", mine["berg"]),
        *("Bergström", ", Åsa", "Ø domstol", "Justice", mine["Bergström"]),
        *("Å", "Ångström", ", Þórdís", "*Berg*", "NGOs", mine["Ångström"]),
        *("Ä Æ", "Ærlig", ', #read("/etc/passwd")', "Justice", mine["Ærlig"]),
        *("Ö Ø", "–", "Österberg", ", Bo", "Address not confirmed", "WWWWWWWWW", "WWWWWWWWWWW"),
        *("IT and telecom", mine["Österberg"]),
    ]


def test_a_long_word_is_whole_where_it_fits_so_that_a_search_of_the_file_finds_it(organiser, event):
    confirmed(event, family_name="Wennerström-Bergström", organisation="Justitiedepartementet i Åbo")
    confirmed(event, family_name="Ek", given_name="Bartholomeus-Alexander", organisation="m" * 40)
    confirmed(event, family_name="W" * 30)
    said = words(ask(organiser).submit(WHY, expect=200).data)
    assert {"Wennerström-Bergström", "Justitiedepartementet i Åbo", ", Bartholomeus-Alexander"} <= {*said}
    assert not {"W" * 30, "m" * 40} & {*said}


def test_pdf_says_what_it_is_and_on_each_page_who_made_it_and_when(organiser, event, people):
    file = ask(organiser, "?sector=justice").submit(WHY, expect=200).data
    said = words(file)
    assert (read_title(file), read_language(file)) == ("Door list: Nordic Forum for testing", "en")
    assert any("3 registrations · Sector: Justice" in line for line in said)
    assert said[-2].startswith("Exported by ")
    assert said[-1] == "Page 1 of 1"


def test_export_is_recorded_as_a_pdf_for_the_door(organiser, people):
    ask(organiser, "?q=asa").submit(WHY, expect=200)
    (entry,) = exported()
    told = entry.details.payload
    assert (told["shape"], told["purpose"], told["count"], entry.at) == ("pdf", "door", 1, NOW)


def test_pdf_is_the_door_list_and_nothing_else(organiser, people):
    page = ask(organiser)
    assert set(page.submit({**WHY, "purpose": "badges"}, expect=422).errors) == {"shape"}
    assert set(page.submit({**WHY, "columns": "chosen"}, expect=422).errors) == {"columns"}
    assert set(page.submit({**WHY, "kept": "y"}, expect=422).errors) == {"kept"}
    assert exported() == []


def test_pdf_that_cannot_be_made_is_refused_with_all_answers_kept(organiser, people, monkeypatch):
    def fail(*_of, **_options):
        raise NotSet("took too long")

    monkeypatch.setattr(door_list, "set_pdf", fail)
    page = ask(organiser).submit(WHY, expect=409)
    assert page.errors == {
        "shape": "The PDF could not be made now. Try again in a minute, or choose another form."
    }
    assert page.form("main form").values()["purpose"] == ["door"]
    monkeypatch.setattr(door_list, "MOST", 4)
    assert "4 people at most" in ask(organiser).submit(WHY, expect=409).errors["shape"]
    assert exported() == []


def test_pdf_is_not_given_with_a_former_name_nor_to_whoever_is_signed_out(organiser, people, monkeypatch):
    make = door_list.make

    def meanwhile(change) -> None:
        def make_slowly(*told, **options):
            write(change)
            return make(*told, **options)

        monkeypatch.setattr(door_list, "make", make_slowly)

    page, one = ask(organiser), people[0].id
    meanwhile(lambda: setattr(db.session.get_one(Registration, one), "family_name", "Alias"))
    assert set(page.submit(WHY, expect=409).errors) == {"shape"}
    meanwhile(lambda: db.session.execute(delete(SignIn)))
    assert page.submit(WHY, expect=303).location.startswith("/account/sign-in")
    assert exported() == []


def test_list_of_nobody_is_a_page_that_says_so(organiser, people):
    said = words(ask(organiser, "?q=nobody").submit(WHY, expect=200).data)
    assert "Nobody matches the filters." in said


def test_pdf_is_the_same_whoever_is_protected(organiser, event, people):
    """The PDF has a protected person as every list does, by the name that the person chose for lists (P21)."""
    open_list = ask(organiser).submit(WHY, expect=200).data
    write(protection.record, people[0], is_protected=True, real_name="Hidden", now=NOW)
    assert ask(organiser).submit(WHY, expect=200).data == open_list


NAMES = st.text(alphabet=LETTERS, min_size=1, max_size=17).map(lambda name: " ".join(name.split()))


@settings(max_examples=4, deadline=None)
@given(
    names=st.lists(NAMES.filter(bool), min_size=40, max_size=40),
    wild=st.lists(st.text(max_size=80), max_size=20),
)
def test_nordic_and_sami_names_are_read_back_and_no_name_stops_the_list(names, wild):
    people = [_person(name) for name in [*names, *wild]]
    read = words(door_list.make(_told([{"letter": "–", "people": people}]), now=NOW))
    assert sum(line == "TWQ8-Y6T1" for line in read) == len(people)
    assert [name for name in names if name not in read] == []


@pytest.mark.slow
def test_twenty_thousand_people_fit_within_the_bounds():
    people = [_person(f"Bergström {number}") for number in range(door_list.MOST)]
    groups = [
        {"letter": str(start), "people": people[start : start + 1000]}
        for start in range(0, door_list.MOST, 1000)
    ]
    assert len(re.findall(rb"/Type/Page/", door_list.make(_told(groups), now=NOW))) > 800


def _told(groups):
    """Return data for the Typst template, from which it sets a door list with these groups of people."""
    told = dict.fromkeys(
        ("title", "author", "event", "dates", "number", "about", "foot", "nobody", "note"), "x"
    )
    return {
        **told,
        "lang": "sv",
        "lacks": False,
        "headings": ["a", "b"],
        "page": ["", "", ""],
        "groups": groups,
    }


def _person(name: str) -> dict[str, str]:
    texts = {"given": "", "organisation": "", "sector": "s", "status": "", "reference": "TWQ8-Y6T1"}
    return {**texts, "family": door_list._fitting(name)}
