"""Answers to the event's own questions in imports: guessed columns, wrong cells, conditions, sealing, undoing."""

import json

import pytest
from flask_babel import force_locale
from sqlalchemy import select

from forum import clock
from forum.columns import Text
from forum.extensions import db
from forum.imports import answers, tables
from forum.imports.exports import template
from forum.imports.forms import ImportPeopleForm
from forum.questions.enums import QuestionKind
from forum.questions.models import Answer, Question
from forum.registration import export_columns, exports, given, listing
from forum.registration.enums import ExportPurpose, ExportRecipient
from forum.registration.models import CareAnswer, Registration
from forum.web.spreadsheets import read
from tests.factories.events import NOW, make_event, make_sector
from tests.factories.questions import make_question
from tests.factories.registrations import confirmed, read_care, write

ON, LOOK = "Go on to the columns", "Look at what would happen"
CHOSEN = {
    "sector": "ngo",
    "organisation": "Org",
    "country": "SE",
    "language": "sv",
    "links": "silent",
    "if_full": "wait",
    "which": "good",
    "reason": "Our list.",
}


CELLS = {
    "fish; Soup, hot": ["a", "d"],
    "SOUP  HOT": ["d"],
    "Fish, smoked": None,
    "smoked,,C++": ["c", "f"],
    "C": ["e"],
    "c++": None,
    "Fish, tea": None,
    "," * 99: None,
    # Exports of earlier versions separate choices by commas; today's separate them by semicolons, and put a choice that
    # has a comma in quotation marks.
    "Fish; smoked": ["a", "c"],
    '"Fish, smoked"': ["b"],
    '"Fish, smoked"; C': ["b", "e"],
    "Soup, hot, Fish": ["a", "d"],
    "Soup; hot": None,
    '"Fish, smoked" and more': None,
    '"Fish; C': ["a", "e"],
}


@pytest.fixture
def app(make_app, database_url):
    return make_app(database_url)


@pytest.fixture
def event(database):
    clock.freeze(NOW)
    return make_event(capacity=9, sectors=[make_sector("ngo", position=1), make_sector("tech", position=2)])


@pytest.fixture
def asked(event):
    """Add questions: dinner for all, a dish for dinner guests, a number for one sector, sensitive needs for all."""
    dinner = make_question(event, "dinner", QuestionKind.YES_NO, is_required=True)
    make_question(
        event,
        "dish",
        choices=("fish", "roots"),
        after=dinner,
        values=["yes"],
        label=Text(sv="Maträtt", en="Dish"),
    )
    make_question(event, "screens", QuestionKind.NUMBER, sectors=["tech"])
    make_question(event, "needs", choices=("gluten", "ramp"), care=True)
    make_question(event, "cv", QuestionKind.FILE, file_types=["pdf"], most_megabytes=1)
    return dinner


def sent(organiser, table):
    """Send a table whose columns are guessed; return the page of the dry run."""
    page = organiser.get("imports.new", event="nf27")
    return page.submit({"lines": table}, button=ON, expect=200).submit(CHOSEN, button=LOOK, expect=200)


def stored():
    """Return the ordinary and the sensitive answers of each person by given name."""
    people = db.session.scalars(select(Registration).order_by(Registration.id)).all()
    keys = dict(db.session.execute(select(Question.id, Question.key)).all())
    return {
        one.given_name: (
            {
                keys[row.question_id]: row.value
                for row in db.session.scalars(select(Answer))
                if row.registration_id == one.id
            },
            read_care(one),
        )
        for one in people
    }


def rows_of(page):
    return [" ".join(row.split()) for row in page.all("main tbody tr")]


def test_answers_are_imported_asked_anew_by_condition_and_taken_back(organiser, event, asked):
    table = (
        "Förnamn;Fråga dinner;Maträtt;Question screens;needs;cv\n"
        "Kim;Ja;Svar roots, Choice fish;;Svar ramp;x.pdf\n"
        "Sam;nej;Svar fish;3;;\n"
        "Ann;;;;;\n"
    )
    page = organiser.get("imports.new", event="nf27").submit({"lines": table}, button=ON, expect=200)
    # The page shows no answer about food or access as an example of a column.
    assert ("such as Svar roots" in page.text, "Svar ramp" in page.soup.select_one("main").text) == (
        True,
        False,
    )
    dry = page.submit(CHOSEN, button=LOOK, expect=200)
    assert "2 answers are left out, because their questions are not asked of the people" in dry.text
    assert rows_of(dry)[:2] == ["3 Dish", "3 Question screens"]
    assert "Nothing is read from these columns: cv" in dry.text
    dry.submit(button="Import 3 people", follow=True)
    assert stored() == {
        "Kim": ({"dinner": "yes", "dish": ["fish", "roots"]}, {"needs": ["ramp"]}),
        "Sam": ({"dinner": "no"}, {}),
        "Ann": ({}, {}),
    }
    assert "ramp" not in json.dumps([row.value for row in db.session.scalars(select(Answer))])
    organiser.get("imports.index", event="nf27").follow("Undo …").submit(
        button="Undo the import", follow=True
    )
    assert [db.session.scalars(select(one)).all() for one in (Registration, Answer, CareAnswer)] == [
        [],
        [],
        [],
    ]


def test_wrong_cells_are_named_without_their_text(organiser, event, asked):
    make_question(event, "guests", QuestionKind.NUMBER)
    make_question(event, "arrival", QuestionKind.DATE)
    make_question(event, "born", care=True)
    table = (
        "Förnamn;dinner;guests;arrival;needs;born\n"
        "Kim;perhaps;two;3/5;nuts;19121212-1212\n"
        "Sam;no;2;2027-05-03;gluten;here\n"
    )
    dry = sent(organiser, table)
    assert rows_of(dry)[:5] == [
        "2 Question dinner Write yes or no.",
        "2 Question needs Write one or several of these, with semicolons between: Choice gluten · Choice ramp",
        "2 Question guests Enter a whole number in digits, such as 2",
        "2 Question arrival Enter a day as year, month and day, such as 2027-05-03",
        "2 Question born This looks like a national identity number. Leave it out of “Question born”: nobody here needs"
        " it, and we do not keep it.",
    ]
    assert "Import 1 person" in dry.text


def test_choices_with_commas_are_told_apart_and_unclear_cells_are_refused(app, event):
    texts = {"a": "Fish", "b": "Fish, smoked", "c": "smoked", "d": "Soup, hot", "e": "C", "f": "C++"}
    question = make_question(event, "dish", choices=tuple(texts))

    def name_choices():
        for choice in question.choices:
            choice.label = Text(en=texts[choice.key])

    write(name_choices)
    with app.test_request_context(), force_locale("en"):
        (one,) = answers.list_asked("nf27")
        read_cells = {text: answers.read([one], "ngo", {"q-dish": text}) for text in CELLS}
    assert {
        text: None if cell.wrong else cell.given.get("dish") for text, cell in read_cells.items()
    } == CELLS


def test_our_export_and_template_give_the_same_answers_back(app, event, asked):
    kinds = (
        QuestionKind.LONG_TEXT,
        QuestionKind.DATE,
        QuestionKind.COUNTRY,
        QuestionKind.NUMBER,
        QuestionKind.TEXT,
    )
    texts = [make_question(event, f"is-{kind}".replace("_", "-"), kind) for kind in kinds]
    told = {
        "dinner": "yes",
        "dish": ["fish", "roots"],
        "screens": -2,
        "is-long-text": "=1+1; 'Åsa",
        "is-date": "2027-05-03",
        "is-country": "FO",
        "is-number": 12,
        "is-text": "+46 8",
    }
    person = confirmed(event, "tech")
    write(given.store, person, told, now=NOW)
    plan = export_columns.needed(event, ExportPurpose.EVERYTHING)
    mark = exports.Mark(event, "Anna", NOW, ExportPurpose.EVERYTHING, ExportRecipient.OFFICE, 1)
    for shape in ("csv", "xlsx"):
        for language in ("sv", "en"):
            with app.test_request_context(), force_locale(language):
                questions = answers.list_asked("nf27")
                table = tables.read(exports.file(listing.Filters(), plan, mark, shape=shape).get_data(), "")
                form = ImportPeopleForm(None, questions=questions)
                form.suggest(event, table, None)
                (back,), faults, _left_out, _undecided = form.read(event)
                assert (shape, language, back.given, back.unasked, faults) == (shape, language, told, (), [])
                headings = read(template(event, shape).get_data(), most=2)[0]
                assert answers.guess(headings, questions).keys() == {
                    f"q-{key}" for key in ("dinner", "dish", "screens", "needs", *(one.key for one in texts))
                }
