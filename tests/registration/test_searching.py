"""A search of attendees finds names in any spelling, titles, phone numbers and countries, on both databases."""

import pytest
from sqlalchemy import select, update

from forum.database import start_write
from forum.extensions import db
from forum.jobs.table import JOBS
from forum.jobs.worker import run_job
from forum.registration import actions, refilling, searching
from forum.registration.applicant import CHANGEABLE, Details
from forum.registration.models import Registration
from tests.factories.events import NOW, make_event
from tests.factories.registrations import confirmed, register, write
from tests.tables import names


@pytest.fixture
def app(make_app, database_url):
    return make_app(database_url)


def fill() -> None:
    event = make_event()
    confirmed(
        event,
        given_name="Åsa",
        family_name="Bergström",
        organisation="Region Ö",
        title="Överåklagare",
        phone="+46 (0)8-123 45 67",
    )
    confirmed(event, given_name="Jørgen", family_name="Sørensen", country="DK", phone="45 33 12 34 56")
    confirmed(event, given_name="Aase", family_name="Kjaer", country="NO", phone=None)
    confirmed(event, given_name="Håkan", family_name="Väisänen", country="FI", phone="040 7654321")


@pytest.fixture
def people(filled) -> list[Registration]:
    return list(db.session.scalars(select(Registration).order_by(Registration.id)))


def found(organiser, words: str) -> list[str]:
    return [name.partition(",")[0] for name in names(organiser.get("attendees.index", event="nf27", q=words))]


def test_commas_part_words(organiser, people):
    for words in ("Bergström, Åsa", "bergstrom,asa", "Åsa;Bergström", ", Åsa ,"):
        assert found(organiser, words) == ["Bergström"], words


def test_commas_alone_find_nobody_instead_of_everybody(organiser, people):
    assert found(organiser, ",") == []


def test_reference_is_found_without_its_hyphen_and_with_letters_for_digits(organiser, event):
    person = register(event, family_name="Referens")
    start_write(db.session)
    shown = {"reference": "7K01-20TX", "search_text": "asa referens 7k01-20tx"}
    db.session.execute(update(Registration).where(Registration.id == person.id).values(shown))
    db.session.commit()
    for words in ("7K01-20TX", "7K0120TX", "7k01 20tx", "7KO1-2OTX", "7koi2otx"):
        assert found(organiser, words) == ["Referens"], words


def show_reference(person: Registration, reference: str) -> None:
    start_write(db.session)
    person.reference = reference
    person.search_text = searching.search_text(person)
    person.search_extra_from = searching.search_extra_from(person)
    db.session.commit()


@pytest.mark.parametrize("words", ["1234-5678", "1234 5678", "12345678"])
def test_reference_of_digits_only_is_found(organiser, people, words):
    show_reference(people[2], "1234-5678")
    assert found(organiser, words) == ["Kjaer"]


def test_phone_number_is_not_put_together_from_a_reference_and_another_number(organiser, people):
    show_reference(people[0], "33AB-CDEF")
    assert found(organiser, "33 12 34 56") == ["Sørensen"], "Bergström's number has 12, 34 and 56"


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("Soerensen", ["Sørensen"]),
        ("Sørensen", ["Sørensen"]),
        ("Jorgen Sorensen", ["Sørensen"]),
        ("Joergen", ["Sørensen"]),
        ("Aasa", ["Bergström"]),
        ("Åse", ["Kjaer"]),
        ("Kjær", ["Kjaer"]),
        ("Kjaer", ["Kjaer"]),
        ("Vaeisaenen", ["Väisänen"]),
        ("Haakan", ["Väisänen"]),
        ("Bergstroem", ["Bergström"]),
    ],
)
def test_letters_that_a_keyboard_lacks_may_be_spelt_out(organiser, people, words, expected):
    assert found(organiser, words) == expected


@pytest.mark.parametrize("name", ["O'Brien", "O’Brien", "OBrien"])
def test_names_with_an_apostrophe_are_found_however_it_is_typed(organiser, event, name):
    confirmed(event, family_name=name)
    for words in ("o'brien", "O’Brien", "obrien", "O‘Brien"):
        assert found(organiser, words) == [name]


@pytest.mark.parametrize("words", ["Överåklagare", "overaklagare", "oeveraaklagare", "åklagare bergström"])
def test_title_is_searched(organiser, people, words):
    assert found(organiser, words) == ["Bergström"]


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("+46 8 123 45 67", ["Bergström"]),
        ("+4681234567", ["Bergström"]),
        ("0046 8 1234567", ["Bergström"]),
        ("08-123 45 67", ["Bergström"]),
        ("(08) 123 45 67", ["Bergström"]),
        ("081234567, åsa", ["Bergström"]),
        ("081234567, jørgen", []),
        ("33 12 34 56", ["Sørensen"]),
        ("+358 40 765 43 21", ["Väisänen"]),
        ("0407654321", ["Väisänen"]),
        ("08 999 99 99", []),
        ("tel:+46 8 123 45 67", ["Bergström"]),
        ("tel:08-1234567, åsa", ["Bergström"]),
        ("tel:+358 40 765 43 21", ["Väisänen"]),
        ("08\N{NON-BREAKING HYPHEN}123\N{NON-BREAKING HYPHEN}45\N{NON-BREAKING HYPHEN}67", ["Bergström"]),
        ("08\N{HYPHEN}123\N{NO-BREAK SPACE}45\N{NO-BREAK SPACE}67", ["Bergström"]),
    ],
)
def test_phone_number_is_found_however_it_is_written(organiser, people, words, expected):
    assert found(organiser, words) == expected


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("Danmark", ["Sørensen"]),
        ("Denmark", ["Sørensen"]),
        ("tanska", ["Sørensen"]),
        ("Norway", ["Kjaer"]),
        ("norge aase", ["Kjaer"]),
        ("norge åsa", []),
        ("Suomi", ["Väisänen"]),
        ("Island", []),
    ],
)
def test_country_is_found_by_its_name_in_any_nordic_language(organiser, people, words, expected):
    assert found(organiser, words) == expected


def test_changed_title_and_phone_are_found_at_once(organiser, event, people):
    details = {name: getattr(people[2], name) for name in CHANGEABLE}
    changed = Details(**{**details, "title": "Generaldirektør", "phone": "+47 22 99 88 77"})
    write(actions.change, people[2], changed, actor="person", now=NOW)
    for words in ("generaldirektoer", "22 99 88 77"):
        assert found(organiser, words) == ["Kjaer"], words


def write_as_earlier_version(person: Registration, **values) -> None:
    """Change a registration as an earlier version does, which has no column `search_extra`."""
    start_write(db.session)
    db.session.execute(update(Registration).where(Registration.id == person.id).values(values))
    db.session.commit()


def refill() -> int:
    done = run_job(next(job for job in JOBS if job.name == "refill search texts"))
    db.session.expire_all()
    return done


@pytest.mark.parametrize(
    "old", ["Soerensen", "Jørgen", "33 12 34 56", "direktoer"], ids=["family", "given", "phone", "title"]
)
def test_what_an_earlier_version_replaced_finds_nobody_at_once(organiser, event, old):
    """A person who takes an alias is not found by the name, title or phone number from before (P22)."""
    details = {"title": "Direktør", "phone": "45 33 12 34 56"}
    person = confirmed(event, given_name="Joergen", family_name="Soerensen", **details)
    assert found(organiser, old) == ["Soerensen"]
    alias = {"given_name": "Kim", "family_name": "Alias", "title": "Deltagare", "phone": "070 999 99 99"}
    write_as_earlier_version(person, search_text="kim alias org kim@example.org", **alias)
    assert found(organiser, old) == []
    assert refill() == 1
    assert (found(organiser, old), found(organiser, "0709999999 deltagare")) == ([], ["Alias"])
    assert "3312" not in person.search_extra + person.search_extra_from


@pytest.mark.parametrize(
    ("column", "value", "old"), [("title", "Ny titel", "akademiker"), ("phone", None, "040 7654321")]
)
def test_title_or_phone_that_an_earlier_version_changed_alone_finds_nobody(
    organiser, event, column, value, old
):
    person = confirmed(event, family_name="Väisänen", title="Akademiker", phone="040 7654321")
    assert found(organiser, old) == ["Väisänen"]
    write_as_earlier_version(person, **{column: value})
    assert found(organiser, old) == []


def test_registration_of_an_earlier_version_is_found_by_what_that_wrote_until_the_worker_refills_it(
    organiser, people, monkeypatch
):
    monkeypatch.setattr(refilling, "BATCH", 3)
    start_write(db.session)
    db.session.execute(update(Registration).values(search_extra="", search_extra_from=""))
    db.session.commit()
    assert (found(organiser, "Soerensen"), found(organiser, "Sørensen")) == (["Sørensen"], ["Sørensen"])
    assert found(organiser, "33 12 34 56") == []
    versions = [person.version for person in people]
    assert (refill(), refill()) == (4, 0)
    assert found(organiser, "33 12 34 56") == ["Sørensen"]
    assert found(organiser, "overaklagare") == ["Bergström"]
    assert [person.version for person in people] == versions, "a form that is open would be refused"


def test_registrations_of_this_version_need_no_refilling(organiser, event, people):
    details = {name: getattr(people[2], name) for name in CHANGEABLE}
    changed = Details(**{**details, "title": "Generaldirektør", "phone": None})
    write(actions.change, people[2], changed, actor="person", now=NOW)
    assert refill() == 0


def test_real_name_of_a_protected_person_finds_nobody(organiser, event):
    register(event, given_name="Kim", family_name="Alias", is_protected=True, real_name="Verklige Soerensen")
    assert (found(organiser, "Soerensen"), found(organiser, "alias kim")) == ([], ["Alias"])


def test_search_of_many_words_stays_within_its_bound(app, event):
    query = " ".join(f"word{number} 08 123 45 {number:02}" for number in range(20))
    terms = searching.terms(query)
    assert len(terms) == searching.MOST_WORDS
    assert max(len(term.texts) for term in terms) <= 4


def test_reference_is_read_from_a_short_text_only():
    """Folding a long text takes long (S35), so a text that is too long for a reference is not folded at all."""
    assert searching.read_reference("ab1o-cdef") == "AB10-CDEF"
    assert searching.read_reference("\u200bab1o cde\u0301f") == "AB10-CDEF"
    assert searching.read_reference("ab10" + "\u200b" * 1000 + "cdef") == ""


def test_export_holds_what_the_search_shows(organiser, people):
    page = organiser.get("attendees.index", event="nf27", q="tanska")
    file = page.follow("Export").submit(
        {"purpose": "door", "recipient": "office", "shape": "csv"}, expect=200
    )
    assert ("Sørensen" in file.text, "Bergström" in file.text) == (True, False)
