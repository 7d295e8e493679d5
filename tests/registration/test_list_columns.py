"""The columns of the attendee list that each organiser chooses for themselves."""

import pytest
from sqlalchemy import select

from forum.database import start_write
from forum.extensions import db
from forum.people import notes
from forum.questions.enums import QuestionKind
from forum.questions.models import Answer
from forum.registration import answers
from forum.registration.enums import ConsentPurpose
from forum.registration.list_column_models import ListColumns
from tests.factories.events import NOW
from tests.factories.invitations import new_invitation
from tests.factories.questions import make_question
from tests.factories.registrations import confirmed, write
from tests.factories.saving import save
from tests.tables import rows

LIST = "/console/nf27/attendees"
DELIVERED = ["Name", "Organisation", "Sector", "Status", "Registered"]


@pytest.fixture
def app(make_app, database_url):
    return make_app(database_url)


def headings(page):
    return page.all("table.people thead th:not(.person-choice, .person-menu)")


def choose(page, *columns, **pressed):
    return page.form("form.column-choice").submit({"column": list(columns)}, **pressed)


def test_chosen_columns_stay_for_one_organiser_and_one_event_until_taken_back(sign_in_as, event, archive):
    mine, theirs = sign_in_as(event=event), sign_in_as(event=event)
    days = make_question(event, "days", choices=("one", "two"))
    make_question(event, "allergy", QuestionKind.YES_NO, care=True)
    person = confirmed(
        event, family_name="A", country="NO", language="sv", consents=frozenset({ConsentPurpose.PHOTOGRAPHS})
    )
    confirmed(event, family_name="B")
    write(notes.set_tags, person, ["vip", "press"], actor="command", now=NOW)
    save(Answer(registration_id=person.id, question_id=days.id, value=["one", "two"]))
    save(new_invitation(event, "justice", person.email))
    page = mine.get(f"{LIST}?sector=justice&sort=-name")
    assert headings(page) == DELIVERED
    assert "Question allergy" not in page.all(".column-choice .pick-box")
    wanted = ("country", "language", "tags", "invited", "photographs", "participant_list", "answer-days")
    answer = choose(page, *wanted)
    assert answer.location == f"{LIST}?sector=justice&sort=-name"
    page = mine.get(LIST)
    assert headings(page) == [
        "Name", "Country", "Language", "Tags", "Invitation", "List of participants", "Photographs", "Question days",
    ]  # fmt: skip
    assert rows(page) == [
        ["A, Åsa", "Norway", "Swedish", "#press #vip", "Invited", "", "Given", "Choice one; Choice two"],
        ["B, Åsa", "Sweden", "English", "", "", "", "", ""],
    ]
    assert headings(theirs.get(LIST)) == DELIVERED
    choose(page, button="As delivered")
    assert (headings(mine.get(LIST)), db.session.scalars(select(ListColumns)).all()) == (DELIVERED, [])


def test_columns_that_the_event_does_not_have_are_not_kept(organiser, event, archive):
    confirmed(event)
    make_question(archive, "theirs", QuestionKind.YES_NO)
    forged = ["country", "email", "id", "answer-theirs", "' OR 1=1", "x" * 5000]
    organiser.get(LIST).form("form.column-choice").submit({"column": []}, forged={"column": forged})
    assert db.session.scalars(select(ListColumns)).one().names == ["country"]
    assert headings(organiser.get(LIST)) == ["Name", "Country"]


def test_columns_ask_as_much_for_one_and_for_many_and_tell_nothing_of_protection(organiser, event):
    make_question(event, "dinner", QuestionKind.YES_NO)
    people = [confirmed(event, family_name="A")]
    every = [box["value"] for box in organiser.get(LIST).soup.select(".column-choice [name=column]")]
    choose(organiser.get(LIST), *every)

    def look():
        page = organiser.get(LIST)
        return rows(page)[0], len(page.statements)

    before = look()
    people += [confirmed(event, family_name=name) for name in "BCD"]
    assert look() == before
    for person in people:
        write(answers.say_identity, person, is_protected=True, real_name="Verkliga Namnet", now=NOW)
    assert look() == before
    assert before[1] <= 20


def test_columns_go_with_the_account(organiser, event):
    confirmed(event)
    choose(organiser.get(LIST), "country")
    row = db.session.scalars(select(ListColumns)).one()
    start_write(db.session)
    db.session.execute(
        ListColumns.metadata.tables["users"]
        .delete()
        .where(ListColumns.metadata.tables["users"].c.id == row.user_id)
    )
    db.session.commit()
    assert db.session.scalars(select(ListColumns)).all() == []
