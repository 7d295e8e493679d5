"""Moving many people says which required questions of the new sector they have not answered: before and afterwards."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from forum import clock
from forum.bulk import moved
from forum.extensions import db
from forum.privacy import restricting
from forum.questions.enums import QuestionKind
from forum.registration import actions, moving
from forum.registration import queries as registrations
from forum.registration.enums import RestrictionKind
from forum.tasks import queries as tasks
from forum.tasks.models import Task
from tests.bulk.steps import HERE, choose, work
from tests.factories.events import NOW, make_event, make_sector
from tests.factories.questions import make_question
from tests.factories.registrations import confirmed, register, write

HEADING = "Moved, with required questions unanswered"
TOLD = "person has not answered all that is required there: “Question payer”."


@pytest.fixture
def event(database):
    """Save an event where "ngo" requires an answer about the payer, and about the reason from whoever comes late."""
    clock.freeze(NOW)
    event = make_event(sectors=[make_sector(key, ceiling=90) for key in ("tech", "ngo", "other")])
    make_question(event, "payer", sectors=["ngo"], is_required=True)
    late = make_question(event, "late", QuestionKind.YES_NO)
    make_question(event, "reason", sectors=["ngo"], after=late, values=["yes"], is_required=True)
    make_question(event, "optional", sectors=["ngo"])
    make_question(event, "diet", care=True, sectors=["ngo"], is_required=True)
    return event


def answered(event, sector="tech", **told):
    """Register somebody with answers to the event's own questions, and confirm them."""
    person = register(event, sector, given=told)
    return write(actions.confirm, person, registrations.find_last_form(person), now=NOW)


def hint_of(page, sector: str) -> str:
    """Return the sentence below the choice of a sector, or ""."""
    (choice,) = page.soup.select(f"input[name=sector][value={sector}]")
    hint = page.soup.find(id=choice.get("aria-describedby", "none"))
    return " ".join(hint.get_text().split()) if hint else ""


def rows(page) -> list[str]:
    """Return the rows of the table of people with unanswered questions."""
    return [
        " ".join(row.get_text(" ").split())
        for row in page.soup.select("section[aria-labelledby=unanswered] tbody tr")
    ]


def test_page_counts_by_sector_who_lacks_answers_and_names_the_questions_alone(organiser, event):
    silent, late, complete = (
        confirmed(event, "tech"),
        answered(event, late="yes"),
        answered(event, payer="Alfa", late="no"),
    )
    unconfirmed, of_form = register(event, "tech", given={}), register(event, "tech", given={"payer": "Alfa"})
    there = confirmed(event, "ngo")
    page = choose(organiser, "move", silent, late, complete, unconfirmed, of_form, there)
    assert hint_of(page, "ngo") == (
        "3 people have not answered all that is required there. Missing from one or more:"
        " “Question payer”, “Question reason”."
    )
    assert [hint_of(page, "tech"), hint_of(page, "other")] == ["", ""]
    assert hint_of(choose(organiser, "move", silent), "ngo") == f"1 {TOLD}"
    assert hint_of(choose(organiser, "move", complete, of_form), "ngo") == ""


def test_nobody_counts_who_would_not_be_moved(organiser, event):
    """People with a restriction, or with several forms of which nobody knows which one counts, are left out."""
    silent, restricted, several = (
        confirmed(event, "tech"),
        confirmed(event, "tech"),
        register(event, "tech", given={}),
    )
    request = write(restricting.ask, restricted, RestrictionKind.RESTRICTION, "No.", now=NOW)
    write(restricting.grant, request, actor="user:1", now=NOW)
    register(event, "tech", email=several.email, now=NOW + timedelta(minutes=1), given={})
    assert hint_of(choose(organiser, "move", silent, restricted, several), "ngo") == f"1 {TOLD}"


def test_task_names_each_moved_person_with_the_unanswered_questions(organiser, event):
    late = answered(event, late="yes")
    people = [
        confirmed(event, "tech"),
        answered(event, payer="Alfa"),
        late,
        register(event, "tech", given={}),
    ]
    shown = choose(organiser, "move", *people).submit({"sector": "ngo"}, follow=True)
    assert HEADING not in shown.text
    work()
    page = shown.follow("See how far it has come")
    assert "3 people who were moved have not answered all that is required in that sector." in page.text
    assert [row.rpartition("“Question payer”")[1:] for row in rows(page)] == [
        ("“Question payer”", ", “Question reason”"),
        ("“Question payer”", ""),
        ("“Question payer”", ""),
    ]
    # A person who then moves to another sector or cancels is not named any more.
    write(moving.move, people[0], event.sectors[2], may_wait=False, actor="user:1", now=NOW)
    write(actions.cancel, late, actor="person", now=NOW)
    assert len(rows(organiser.open(page.path))) == 1


def test_long_lists_of_moved_people_have_pages(organiser, event, monkeypatch):
    monkeypatch.setattr(moved, "ROWS", 2)
    people = [confirmed(event, "tech", given_name=name) for name in ("Ada", "Bo", "Eva")]
    choose(organiser, "move", *people).submit({"sector": "ngo"}, expect=303)
    work()
    task = db.session.scalars(select(Task.id)).one()
    first = organiser.get("bulk.show", **HERE, task=task)
    second = first.follow("Next")
    assert [len(rows(page)) for page in (first, second, second.follow("Previous"))] == [2, 1, 2]
    assert rows(organiser.get("bulk.show", **HERE, task=task, unanswered=9)) == rows(second)


def test_each_list_of_a_task_keeps_the_page_of_the_other(organiser, event, monkeypatch):
    monkeypatch.setattr(moved, "ROWS", 1)
    monkeypatch.setattr(tasks, "ROWS", 1)
    people = [confirmed(event, "tech", family_name=name) for name in ("Ada", "Bo")]
    there = [confirmed(event, "ngo", family_name=name) for name in ("Eva", "Kim")]
    choose(organiser, "move", *people, *there).submit({"sector": "ngo"}, expect=303)
    work()

    def turn(page, section: str, label: str):
        (link,) = (
            a for a in page.soup.select(f"section[aria-labelledby={section}] nav a") if label in a.text
        )
        return organiser.open(link["href"])

    def named(page) -> list[str]:
        return [link.text.split(",")[0] for link in page.soup.select("main tbody th a")]

    page = organiser.get("bulk.show", **HERE, task=db.session.scalars(select(Task.id)).one())
    seen = [named(page)]
    for section, label in (
        ("left", "Next"),
        ("unanswered", "Next"),
        ("left", "Previous"),
        ("unanswered", "Previous"),
    ):
        page = turn(page, section, label)
        seen.append(named(page))
    assert seen == [["Eva", "Ada"], ["Kim", "Ada"], ["Kim", "Bo"], ["Eva", "Bo"], ["Eva", "Ada"]]


def test_unanswered_questions_of_many_take_as_many_statements_as_of_one(organiser, event):
    def count(number: int) -> tuple[int, int]:
        people = [confirmed(event, "tech") for _each in range(number)]
        people += [register(event, "tech", given={}) for _each in range(number)]
        asked = choose(organiser, "move", *people)
        asked.submit({"sector": "ngo"}, expect=303)
        work()
        task = db.session.scalars(select(Task.id).order_by(Task.id.desc())).first()
        shown = organiser.get("bulk.show", **HERE, task=task)
        assert len(rows(shown)) == 2 * number
        return tuple(sum("audit" not in one for one in page.statements) for page in (asked, shown))

    count(1)
    assert count(1) == count(4)
