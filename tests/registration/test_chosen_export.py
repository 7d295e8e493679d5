"""An exported list with the columns that an organiser has chosen for the attendee list (P14, S14, S31, P21)."""

from datetime import date

import pytest
from sqlalchemy import select

from forum.extensions import db
from forum.people import notes
from forum.questions.enums import QuestionKind
from forum.questions.models import Answer
from forum.registration import answers, saved_views
from forum.registration.enums import ConsentPurpose
from forum.registration.list_column_models import ListColumns
from forum.registration.list_columns import DELIVERED
from tests.factories.events import NOW
from tests.factories.invitations import new_invitation
from tests.factories.questions import make_question
from tests.factories.registrations import confirmed, write
from tests.factories.saving import save
from tests.registration.test_exports import download, exported, table
from tests.web.sheets import read_cells

LIST = "/console/nf27/attendees"


@pytest.fixture
def app(make_app, database_url):
    return make_app(database_url)


def choose(pages, *columns):
    pages.get(LIST).form("form.column-choice").submit({"column": list(columns)})


def test_file_has_exactly_the_columns_of_the_list_in_its_order(sign_in_as, event):
    mine, theirs = sign_in_as(event=event), sign_in_as(event=event)
    days = make_question(event, "days", choices=("one", "two"))
    make_question(event, "allergy", QuestionKind.YES_NO, care=True)
    photographs = frozenset({ConsentPurpose.PHOTOGRAPHS})
    person = confirmed(event, family_name="A", organisation="=1+1", language="sv", consents=photographs)
    confirmed(event, family_name="B")
    write(notes.set_tags, person, ["vip", "press"], actor="command", now=NOW)
    save(Answer(registration_id=person.id, question_id=days.id, value=["one", "two"]))
    save(new_invitation(event, "justice", person.email))
    choose(
        mine,
        "organisation",
        "sector",
        "registered",
        "language",
        "tags",
        "invited",
        "photographs",
        "answer-days",
    )
    asking = mine.get(f"{LIST}/export")
    (choice,) = asking.soup.select("input[name=columns][value=chosen]")
    hint = asking.soup.find(id=choice["aria-describedby"]).text
    assert hint == (
        "Reference, Family name, Given name, Organisation, Sector, Registered, Language, Tags, Invitation, "
        "Photographs, Question days"
    )
    first, second = table(download(mine, purpose="groups", columns="chosen"))
    assert first == {
        "Reference": person.reference,
        "Family name": "A",
        "Given name": "Åsa",
        "Organisation": "'=1+1",
        "Sector": "Justice",
        "Registered (Europe/Stockholm)": "2027-05-03 14:00",
        "Language": "Svenska",
        "Tags": "#press #vip",
        "Invitation": "Invited",
        "Photographs": "Yes",
        "Question days": "Choice one; Choice two",
    }
    assert [second[column] for column in ("Tags", "Invitation", "Photographs", "Question days")] == [
        "",
        "",
        "No",
        "",
    ]
    (entry,) = exported()
    kept = "organisation sector registered language tags invited photographs answer-days"
    assert (entry.details.payload["columns"], entry.details.payload["purpose"]) == (kept, "groups")
    delivered = list(table(download(theirs, purpose="door", columns="chosen"))[0])
    # The column of delegations is missing, because the event has none.
    assert len(delivered) == 3 + len(DELIVERED) - 1


def test_list_of_a_saved_view_has_the_columns_of_the_view(sign_in_as, event):
    mine, theirs = sign_in_as(event=event), sign_in_as(event=event)
    confirmed(event, family_name="A")
    choose(mine, "language")
    user_id = db.session.scalars(select(ListColumns.user_id)).one()
    shown = saved_views.Content({}, ["organisation", "tags"])
    saved = {"user_id": user_id, "now": NOW}
    views = [
        write(saved_views.save, event, shown, name=name, is_shared=name == "Ours", **saved).id
        for name in ("Ours", "Mine")
    ]
    for number in views:
        for pages, opens in ((mine, True), (theirs, number == views[0])):
            page = pages.get(f"{LIST}/export?view={number}")
            (choice,) = page.soup.select("input[name=columns][value=chosen]")
            hint = page.soup.find(id=choice["aria-describedby"]).text
            assert hint.endswith("Given name, Organisation, Tags") == opens
            given = download(pages, f"?view={number}", purpose="groups", columns="chosen")
            assert ([*table(given)[0]][3:] == ["Organisation", "Tags"]) == opens
    assert "Those that the list shows now" in page.text


def test_statistics_never_have_the_columns_of_the_list(organiser, event):
    confirmed(event, family_name="Hemlig")
    page = organiser.get(f"{LIST}/export").submit(
        {"purpose": "report", "recipient": "office", "shape": "csv", "columns": "chosen"}, expect=422
    )
    assert page.errors == {"columns": "Statistics have no names, so they have columns of their own"}
    assert ("Hemlig" in page.text, exported()) == (False, [])


def test_chosen_columns_tell_nothing_of_protection(organiser, event):
    person = confirmed(event, family_name="A")
    every = [box["value"] for box in organiser.get(LIST).soup.select(".column-choice [name=column]")]
    choose(organiser, *every)
    before = download(organiser, purpose="groups", columns="chosen")
    write(answers.say_identity, person, is_protected=True, real_name="Verkliga Namnet", now=NOW)
    after = download(organiser, purpose="groups", columns="chosen")
    assert (after.data, len(after.statements)) == (before.data, len(before.statements))


def test_answer_that_is_a_day_is_a_date_and_the_workbook_says_who_made_it(organiser, event):
    arrival = make_question(event, "arrival", QuestionKind.DATE)
    person = confirmed(event, family_name="A")
    save(Answer(registration_id=person.id, question_id=arrival.id, value="2027-05-03"))
    page = download(organiser, purpose="groups", shape="xlsx")
    assert read_cells(page.data)[1][-1] == ("n", str((date(2027, 5, 3) - date(1899, 12, 30)).days))
    about = {heading: fact for (_, heading), (_, fact) in read_cells(page.data, sheet=2)}
    assert about["What is the list for?"] == "Planning of groups and seats"
    assert (about["Registrations"], "14:00" in about["Exported on"]) == ("1", True)
    assert about["Exported by"]
    assert table(download(organiser, purpose="groups"))[0]["Question arrival"] == "2027-05-03"
