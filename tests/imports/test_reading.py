"""Reading tables: our own exports give the same people back, and those of other systems are recognised."""

from types import SimpleNamespace

import pytest
from flask_babel import force_locale
from hypothesis import example, given, settings
from hypothesis import strategies as st

from forum import clock
from forum.addresses import holds_encoded_word
from forum.columns import Text
from forum.extensions import db
from forum.imports import headings, tables, values
from forum.imports.exports import template
from forum.imports.forms import ImportPeopleForm
from forum.imports.rows import COLUMNS
from forum.registration import export_columns, exports, listing
from forum.registration.applicant import CHANGEABLE
from forum.registration.enums import ExportPurpose, ExportRecipient
from forum.registration.models import Registration
from forum.tidying import tidy
from forum.web.forms import ADDRESS, HOST_LABELS
from forum.web.language_names import read_language
from tests.factories.events import NOW, make_event
from tests.factories.registrations import confirmed

# Letters of Nordic and Sámi names, texts that spreadsheets run as formulas, and signs that separate cells.
LETTERS = "ÅÄÖåøÆæÞðŊŋŧŦžČčđĐáÁẞéğʼ’'\"=+-＝;,.:()&|%$#*! abK\u0301\u200d"
NAMES = (
    st.text(LETTERS, min_size=1, max_size=14)
    .map(tidy)
    .filter(lambda text: text and not ADDRESS.search(text) and not HOST_LABELS.search(text))
)
PEOPLE = st.tuples(
    NAMES, NAMES, NAMES, st.sampled_from(["+46 8 123", "08-12 34", "112 11", "(0)8.1234/5", None])
)
HOSTILE = ("=1+1", "'=HYPERLINK(1)", "Bris;=1,'+2", "+46 8 123")
PRETIX = (
    "Event slug,Order code,Position ID,Status,Email,Phone number,Product,Attendee name,Attendee name: Given name,"
    "Attendee name: Family name,Attendee email,Company,Country,Company,Country,Order locale\n"
    "nf,ABC,1,paid,buyer@example.org,+46 8 1,Ticket,Kim Ek,Kim,Ek,kim@example.org,Ministry,SE,Payer,DE,sv"
)
INDICO = (
    "ID,Name,Email Address,First Name,Last Name,Affiliation,Title,Position,Phone Number,Country,Registration date,"
    "Registration state\n1,Kim Ek,kim@example.org,Kim,Ek,Ministry,Ms,Head,+46 8 1,Sweden,2027-01-01,Completed"
)
HI_EVENTS = (
    "ID,First Name,Last Name,Email,Status,Check Ins,Product ID,Public ID,Short ID\n"
    "1,Kim,Ek,kim@example.org,ACTIVE,,1,A-1,x"
)
ALF_IO = (
    "ID,Category,Event,Status,ReservationID,Full Name,First Name,Last Name,E-Mail,Language,Country Code\n"
    "1,x,nf,ACQUIRED,y,Kim Ek,Kim,Ek,kim@example.org,en,NO"
)
EVENTBRITE = (
    "Order #,Order Date,First Name,Last Name,Email,Quantity,Attendee Status,Attendee #\n"
    "1,2027-01-01,Kim,Ek,kim@example.org,1,Attending,2"
)
SYSTEMS = (
    (PRETIX, "pretix", "Kim", "Ek", "Ministry", "", "SE", "sv", "+46 8 1"),
    (INDICO, "Indico", "Kim", "Ek", "Ministry", "Head", "SE", "sv", "+46 8 1"),
    (HI_EVENTS, "Hi.Events", "Kim", "Ek", "Own", "", "SE", "sv", None),
    (ALF_IO, "alf.io", "Kim", "Ek", "Own", "", "NO", "en", None),
    (EVENTBRITE, "Eventbrite", "Kim", "Ek", "Own", "", "SE", "sv", None),
)


@pytest.fixture
def app(make_app, sqlite_url):
    return make_app(sqlite_url)


def read(data, event):
    """Return the people of a file, read by the columns that are guessed."""
    table = tables.read(data, "")
    form = ImportPeopleForm(None)
    form.suggest(event, table, None)
    form.sector.data, form.country.data, form.language.data = "tech", "SE", "sv"
    people, faults, left_out, _undecided = form.read(event)
    assert (faults, left_out) == ([], [])
    return people


def written(event, shape):
    """Return the bytes of the forum's own export of all people and columns, as CSV or XLSX."""
    plan = export_columns.needed(event, ExportPurpose.EVERYTHING)
    mark = exports.Mark(event, "Anna", NOW, ExportPurpose.EVERYTHING, ExportRecipient.OFFICE, 1)
    return exports.file(listing.Filters(), plan, mark, shape=shape).get_data()


@pytest.fixture
def event(database):
    clock.freeze(NOW)
    return make_event()


@settings(max_examples=4, deadline=None)
@given(PEOPLE)
@example((HOSTILE[0], HOSTILE[1], HOSTILE[2], HOSTILE[3]))
@example(("Máhtte Ánte", "Ŋižžaŧ", "'Sámediggi; -ráđđi", None))
def test_our_export_gives_the_same_people_back(app, event, person):
    given_name, family_name, organisation, phone = person
    told = {"given_name": given_name, "family_name": family_name, "organisation": organisation}
    confirmed(event, "ngo", **told, phone=phone, title=f"-{family_name}", country="FO")
    before = {
        (*(getattr(one, name) or "" for name in CHANGEABLE), one.sector.key, one.email)
        for one in db.session.query(Registration)
    }
    for shape in ("csv", "xlsx"):
        for language in ("sv", "en"):
            with app.test_request_context(), force_locale(language):
                people = read(written(event, shape), event)
            back = {
                (*(getattr(one.details, name) or "" for name in CHANGEABLE), one.sector.key, one.email)
                for one in people
            }
            assert (shape, language, back) == (shape, language, before)


# Signs that may stand before the @ of an address; a cell that begins with one of the first runs as a formula.
LOCAL_PARTS = st.text("=+-'!#$%&*/?^_`{|}~aZ", min_size=1, max_size=12)


@settings(max_examples=4, deadline=None)
@given(st.lists(LOCAL_PARTS.filter(lambda text: not holds_encoded_word(text)), min_size=1, max_size=8))
@example(["=1+1", "+46", "-2", "'=x", "=HYPERLINK", "|cmd"])
def test_our_export_gives_the_same_addresses_back(app, event, local_parts):
    first = db.session.query(Registration).count()
    for number, text in enumerate(local_parts, first):
        confirmed(event, "ngo", email=f"{text}{number}@example.org")
    before = {(one.given_name, one.email) for one in db.session.query(Registration)}
    assert len(before) == first + len(local_parts)
    for shape in ("csv", "xlsx"):
        with app.test_request_context():
            people = read(written(event, shape), event)
        assert (shape, {(one.details.given_name, one.email) for one in people}) == (shape, before)


def test_exports_of_other_systems_are_recognised(app, event):
    event = SimpleNamespace(sectors=[SimpleNamespace(key="tech", name=Text(sv="Teknik", en="Tech"))])
    for table, system, *told in SYSTEMS:
        read_table = tables.read(table.encode(), "")
        assert headings.recognise(read_table.headings) == system
        with app.test_request_context(), force_locale("en"):
            form = ImportPeopleForm(None)
            form.suggest(event, read_table, None)
            form.organisation.data, form.country.data, form.language.data = "Own", "SE", "sv"
            people, faults, _left_out, _undecided = form.read(event)
        assert faults == []
        assert [[*vars(one.details).values(), one.email] for one in people] == [[*told, "kim@example.org"]]


@pytest.mark.parametrize(
    ("code", "texts"),
    [
        ("SE", ("Sverige", "SWE", "se", "Ruotsi")),
        ("IS", ("Ísland", "ISL")),
        ("FO", ("Færøerne", "Färöarna")),
        ("GB", ("gb", "Storbritannien", "United Kingdom")),
        ("Atlantis", ("Atlantis",)),
    ],
)
def test_countries_are_understood_by_name_and_code(code, texts):
    assert {values.country(text) for text in texts} == {code}


def test_names_and_languages_are_understood():
    assert values.names({"full_name": "Kim Lee Ek"}) == ("Kim Lee", "Ek")
    assert values.names({"full_name": "Ek, Kim Lee"}) == ("Kim Lee", "Ek")
    assert values.names({"full_name": "Kim"}) == ("Kim", "")
    assert [read_language(text) for text in ("sv-SE", "Ruotsi", "ruotsi", "English", "engelska", "de")] == [
        *("sv", "sv", "sv", "en", "en", "de")
    ]


def test_our_template_is_read_as_it_is_offered(app, event):
    for language in ("sv", "en"):
        for shape in ("csv", "xlsx"):
            with app.test_request_context(), force_locale(language):
                file = template(event, shape).get_data()
            cells = tables.spreadsheets.read(file, most=9)[0]
            guessed = headings.guess(cells)
            assert sorted(guessed.values()) == list(range(len(cells)))
            assert set(COLUMNS) - set(guessed) == {"full_name", "reference", "status"}
