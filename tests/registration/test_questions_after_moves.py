"""People who move, or whom organisers move, to another sector are led to the questions that the sector requires."""

from datetime import timedelta

import pytest

from forum import clock
from forum.extensions import db
from forum.questions import queries
from forum.registration import actions, given, links
from forum.registration import queries as registrations
from forum.registration.enums import TokenPurpose
from forum.registration.given import Answered
from forum.registration.models import Registration
from tests.factories.events import NOW, make_event, make_sector
from tests.factories.questions import make_question
from tests.factories.registrations import confirmed, register, write
from tests.registration.test_moving import move, show

UNANSWERED = "For NGOs you have not answered yet: “Question payer”."


@pytest.fixture
def app(make_app, database_url):
    return make_app(database_url)


@pytest.fixture
def event(database):
    """Save an event that asks two sectors who pays, and one of them where people arrive; both have to be answered."""
    clock.freeze(NOW)
    event = make_event(
        sectors=[make_sector(key, position=at) for at, key in enumerate(("tech", "ngo", "other"))]
    )
    make_question(event, "payer", sectors=["ngo", "other"], is_required=True)
    make_question(event, "arrival", sectors=["other"], is_required=True)
    make_question(event, "optional", sectors=["ngo"])
    return event


def answered(event, sector, **told):
    """Register somebody with answers to the event's own questions, and confirm them."""
    person = register(event, sector, given=told)
    return write(actions.confirm, person, registrations.find_last_form(person), now=NOW)


def move_by_page(pages, person, key):
    """Move the person by their own page; return the page to which that leads."""
    pages.get(f"/en/r/{write(links.issue, person, TokenPurpose.MANAGE, now=NOW)}", follow=True)
    page = pages.get("own_moves.sector")
    return page.submit({"sector": key, "if_full": "stay"}, button="Change the sector", follow=True)


def test_person_is_led_to_the_questions_that_the_new_sector_requires(pages, event):
    person = confirmed(event, "tech")
    page = move_by_page(pages, person, "ngo")
    assert (page.h1, page.flashes) == ("Change your details", ["You are in NGOs now.", UNANSWERED])
    note = pages.get("self_service.show")
    assert "Not answered yet: Question payer" in " ".join(note.text.split())
    note.follow("Answer now").submit({"q-payer": ""}, button="Save", expect=422)
    saved = page.submit({"q-payer": "Alfa"}, button="Save", follow=True)
    assert (saved.h1, "Answer now" in saved.links) == ("You have a place", False)


def test_person_reads_it_in_swedish(pages, event):
    person = confirmed(event, "tech")
    pages.get(f"/sv/r/{write(links.issue, person, TokenPurpose.MANAGE, now=NOW)}", follow=True)
    page = pages.get("/sv/r/sector").submit({"sector": "ngo"}, button="Byt sektor", follow=True)
    assert page.flashes[1] == "I sektorn Civilsamhälle har du kvar att svara på: ”Fråga payer”."


def test_person_who_has_answered_everything_reads_their_own_page(pages, event):
    person = answered(event, "ngo", payer="Alfa")
    assert move_by_page(pages, person, "tech").flashes == ["You are in IT and telecom now."]
    page = move_by_page(pages, person, "ngo")
    assert (page.h1, page.flashes) == ("You have a place", ["You are in NGOs now."])
    assert "Question arrival" in move_by_page(pages, person, "other").flashes[1]


def test_required_question_about_food_and_access_is_said_whatever_is_stored(pages, event):
    """The page after the move is the same for who has answered the question in the former sector and who has not."""
    diet = make_question(event, "diet", care=True, sectors=["tech"], is_required=True)
    people = [answered(event, "ngo", payer="Alfa") for _ in range(2)]
    write(given.say_care, people[0], {diet.key: "vegetarian"}, now=NOW)
    pages_after = [move_by_page(pages, person, "tech") for person in people]
    said = [
        "You are in IT and telecom now.",
        "IT and telecom also asks about food and access: “Question diet”.",
    ]
    assert [(page.path, page.flashes) for page in pages_after] == [("/en/r/care", said)] * 2
    assert [missing(person) for person in people] == [[], []]


def test_organiser_reads_what_the_person_has_not_answered_and_the_person_reads_it_too(
    organiser, pages, event
):
    make_question(event, "diet", care=True, sectors=["ngo"], is_required=True)
    person = confirmed(event, "tech")
    page = show(organiser, person).follow("Move to another sector")
    shown = page.submit({"sector": "ngo", "if_full": "stay"}, button="Move", follow=True)
    assert shown.flashes == [
        "Moved to NGOs. For NGOs the person has not answered yet: “Question payer”."
        " NGOs also asks about food and access: “Question diet”."
    ]
    pages.get(f"/en/r/{write(links.issue, person, TokenPurpose.MANAGE, now=NOW)}", follow=True)
    assert "Answer now" in pages.get("self_service.show").links


def test_unconfirmed_persons_form_counts_as_their_answers(organiser, event):
    told = {"payer": "Alfa"}
    people = [register(event, "tech", given=each) for each in (told, {})]
    for person, missing in zip(people, (False, True), strict=True):
        page = show(organiser, person).follow("Move to another sector")
        shown = page.submit({"sector": "ngo", "if_full": "stay"}, button="Move", follow=True)
        assert ("not answered yet" in shown.flashes[0]) == missing


def test_a_form_that_arrives_right_after_a_move_does_not_make_it_a_refusal(organiser, event, monkeypatch):
    """With two forms nobody knows which answers count; the move was stored before the second one arrived."""
    person, commit = register(event, "tech", given={}), db.session.commit
    number, page = person.id, show(organiser, person).follow("Move to another sector")

    def commit_before_another_form():
        commit()
        # Read the person in this request's own database session.
        moved = db.session.get(Registration, number)
        if moved.sector.key == "ngo":
            monkeypatch.setattr(db.session, "commit", commit)
            register(moved.event, "other", email=moved.email, now=NOW + timedelta(minutes=1), given={})

    monkeypatch.setattr(db.session, "commit", commit_before_another_form)
    shown = page.submit({"sector": "ngo", "if_full": "stay"}, button="Move", follow=True)
    told = "Moved to NGOs. For NGOs the person has not answered yet: “Question payer”."
    assert (len(registrations.list_answered_forms(person)), shown.flashes) == (2, [told])


def test_page_names_no_question_that_the_person_cannot_answer(pages, event):
    """After the freeze, and once the question is withdrawn, there is nothing to answer."""
    question = make_question(event, "hotel", sectors=["tech"], is_required=True)
    person = confirmed(event, "tech")
    pages.get(f"/en/r/{write(links.issue, person, TokenPurpose.MANAGE, now=NOW)}", follow=True)
    for row, name, value, is_named in (
        (event, "freezes_at", NOW + timedelta(days=1), True),
        (event, "freezes_at", NOW, False),
        (event, "freezes_at", None, True),
        (question, "withdrawn_at", NOW, False),
    ):
        write(setattr, row, name, value)
        assert ("Answer now" in pages.get("self_service.show").links) == is_named


def test_condition_of_a_question_counts_after_a_move(event):
    """A question that depends on another one is missing only once that has the answer on which it depends."""
    parent = make_question(event, "comes", sectors=["tech"])
    make_question(event, "why", sectors=["tech"], after=parent, values=["no"], is_required=True)
    person = answered(event, "ngo", payer="Alfa")
    move(person, "tech")
    assert missing(person) == []
    changed = Answered(given.asking(person)["questions"], {"comes": "no"})
    write(given.change, person, changed, now=NOW)
    assert missing(person) == ["why"]


def missing(person):
    return [one.key for one in given.list_missing(person, queries.list_open(person.event.slug))]
