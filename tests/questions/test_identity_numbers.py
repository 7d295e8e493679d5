"""National identity numbers in free text are refused: those of five countries, and nothing that only resembles them.

All numbers are made up; their check digits are right where the test says so.
"""

import pytest
from flask_babel import force_locale

from forum.columns import Text
from forum.imports import answers
from forum.questions.enums import QuestionKind, Sensitivity
from forum.questions.models import Question

REFUSAL = "This looks like a national identity number."
NUMBERS = {  # by country: numbers that are refused, then texts that are not
    "se": (
        ("701208-1233", "7012081233", "701208+1233", "19701208-1233", "197012081233"),
        ("701208-1234", "701308-1233", "701232-1233", "1701208-1233", "701208-12331", "08-701 12 33"),
    ),
    # Swedish coordination numbers, for people who are not registered as living in Sweden.
    "se, coordination": (
        ("701268-1230", "7012681230", "19701268-1230", "197012681230"),
        ("701268-1231", "701298-1230", "701368-1230", "1701268-1230"),
    ),
    "as people and word processors write them": (
        ("701208–1233", "701208‑1233", "701208 - 1233", "701208\N{MINUS SIGN}1233", "７０１２０８－１２３３"),
        ("2027-11-16 1430", "2027-11-16-1430", "16.11.27-17.11.27", "16.11.2027-17.11.2027"),
    ),
    "with signs in the date": (
        ("1970-12-08-1233", "1970-12-08 1233", "70-12-08-1233", "08.12.70-1002", "08.12.70 10081"),
        ("1970-12-08-1234", "1970-12-08", "08.12.70-1003", "08-12-34 5678"),
    ),
    "with dots, slashes and blanks": (
        (
            *("701208.1233", "701208/1233", "1970/12/08/1233", "70 12 08 1233", "cv_701208_1233"),
            *("081270 100 81", "081270.10081", "08 12 70 100 81", "08.12.1970 10081"),
            *("081270 1002", "08/12/70/1002", "08.12.1970-1002", "08 12 70 1002"),
            *("081270.123V", "08.12.70-123V", "08.12.05A1233", "081270 2019", "08.12.70/2019"),
        ),
        ("701208.1234", "70/13/08/1233", "081270 100 82", "08.12.1970/1003", "081270.123X", "081270/2018"),
    ),
    "days, hours, telephone numbers and references": (
        (),
        (
            *("161127-0900", "16.11.27 0930", "16/11/2027 1430", "20271116-0900", "2019-05-17/2019-05-18"),
            *("070123-4567", "+46701208-1233", "tel. 701208-1233", "Mobil: 0812701002", "08 12 34 56 78"),
            *("Ref 701208-1233", "dnr 081270-1002", "2026-081270-1002", "081270-1002-3", "556012-5790"),
        ),
    ),
    "no": (
        ("08127010081", "081270 10081", "081270-10081", "48127010075"),
        ("08127010082", "08137010081", "32127010081", "081270100812", "48127010076"),
    ),
    "dk": (
        # Some people who were born on 1 January have a Danish number without a valid check digit.
        ("081270-1002", "0812701002", "010170-1003"),
        ("081270-1003", "0812701003", "010170 1003", "081370-1002", "321270-1002", "081270-10021"),
    ),
    "fi": (
        ("081270-123V", "081270-123v", "081205A1233"),
        ("081270-123X", "081370-123V", "321270-123V", "081270-123VV", "081205A1234"),
    ),
    "is": (
        ("081270-2019", "0812702019"),
        ("0812702018", "0813702019", "3212702019", "x0812702019"),
    ),
}


@pytest.fixture
def app(make_app, sqlite_url):
    return make_app(sqlite_url)


@pytest.mark.parametrize("kind", [QuestionKind.TEXT, QuestionKind.LONG_TEXT])
@pytest.mark.parametrize("country", NUMBERS)
def test_numbers_are_refused_and_texts_like_them_are_not(app, frozen, country, kind):
    question = Question(key="arrival", kind=kind, sensitivity=Sensitivity.ORDINARY, label=Text(en="Arrival"))
    question.choices, question.sector_keys, question.depends_on_values = [], [], []
    numbers, like = NUMBERS[country]
    with app.test_request_context(), force_locale("en"):
        found = {
            text: answers.read([question], "ngo", {"q-arrival": told}).wrong
            for text in (*numbers, *like)
            for told in (text, f"I am {text}, from Åre.")
        }
    assert {text for text, wrong in found.items() if wrong} == set(numbers)
    assert all(wrong[0][1].startswith(REFUSAL) for wrong in found.values() if wrong)
