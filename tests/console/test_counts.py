"""Answers as counts for the kitchen and the venue, and as a list of people for the role care (P06, P10)."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from forum import clock
from forum.accounts.enums import Role
from forum.audit.models import AuditEntry
from forum.database import start_write
from forum.events.models import Event
from forum.extensions import db
from forum.privacy import restricting
from forum.questions.enums import QuestionKind
from forum.questions.models import Answer
from forum.registration.enums import RestrictionKind, Status
from forum.registration.models import Registration
from forum.registration.tallies import list_tallies
from tests.console.test_questions import answer
from tests.factories.events import NOW, make_event, make_sector
from tests.factories.questions import make_question
from tests.factories.registrations import write
from tests.factories.saving import save
from tests.tables import rows
from tools.pages import Page, counted_statements

COUNTS = "counts.show"


@pytest.fixture
def app(make_app, database_url):
    """Give an app on each kind of database: answers are JSON, which the databases give back differently."""
    return make_app(database_url)


@pytest.fixture
def event(database) -> Event:
    """Save an event with one sector."""
    return make_event(sectors=[make_sector("ngo")])


def table(page: Page, label: str) -> list[str]:
    """Return the rows of the table of answers to a question, with the sentence below it."""
    found = next(part for part in page.soup.select(".tally") if part.h3.get_text(strip=True) == label)
    rows = [" ".join(row.get_text(" ").split()) for row in found.select("tbody tr")]
    return [*rows, " ".join(found.select_one("p").get_text(" ").split())]


def test_counts_hide_small_numbers_of_sensitive_answers_from_all_but_the_role_care(sign_in_as, event):
    diet = make_question(event, "diet", choices=("vegan", "no-nuts", "milk", "none"), care=True)
    more = make_question(event, "more", care=True, after=diet, values=["no-nuts"])
    dinner = make_question(event, "dinner", QuestionKind.YES_NO)
    for _person in range(6):
        answer(event, diet, ["vegan", "milk"])
    answer(event, diet, ["vegan", "no-nuts"])
    answer(event, more, "No almonds either")
    answer(event, dinner, "yes")
    admin = sign_in_as(Role.ADMIN, event).get(COUNTS, event="nf27")
    assert table(admin, "Question more") == ["How many have answered is hidden."]
    organiser, care = sign_in_as(Role.ORGANISER, event), sign_in_as(Role.CARE, event)
    page = organiser.get(COUNTS, event="nf27")
    # The next higher count is hidden, too, or the small one could be worked out from the sum.
    assert table(page, "Question diet") == [
        *("Choice vegan 7", "Choice no-nuts hidden", "Choice milk hidden", "Choice none 0"),
        "7 people have answered.",
    ]
    assert table(page, "Question more") == ["How many have answered is hidden."]
    assert table(page, "Question dinner") == ["Yes 1", "No 0", "1 person has answered."]
    assert "No almonds" not in page.text
    # A hidden number has no bar, and stays hidden in the file.
    assert [bool(row.svg) for row in page.soup.select_one(".tally").select("tbody tr")] == [
        True,
        False,
        False,
        False,
    ]
    file = "counts.file"
    assert '"Question diet";"Choice no-nuts";"hidden"' in organiser.get(file, event="nf27").data.decode()
    page = care.get(COUNTS, event="nf27")
    assert table(page, "Question diet")[1] == "Choice no-nuts 1"
    assert table(page, "Question more") == ["1 person has written an answer."]
    assert "hidden" not in page.text
    assert '"Question diet";"Choice no-nuts";"1"' in care.get(file, event="nf27").data.decode()


def test_a_number_that_few_people_gave_is_not_named_beside_its_hidden_count(sign_in_as, event):
    """Any number can be an answer, so naming a number would tell that somebody has given it as the answer."""
    group = make_question(event, "group", QuestionKind.NUMBER, care=True)
    for number in (*[1] * 7, *[2] * 6, *[3] * 2):
        answer(event, group, number)
    organiser, care = sign_in_as(Role.ORGANISER, event), sign_in_as(Role.CARE, event)
    answered = "15 people have answered."
    assert table(organiser.get(COUNTS, event="nf27"), "Question group") == [
        *("1 7", "Other answers hidden"),
        answered,
    ]
    exact = ["1 7", "2 6", "3 2", f"{answered} Their numbers make 25 together."]
    assert table(care.get(COUNTS, event="nf27"), "Question group") == exact
    file = organiser.get("counts.file", event="nf27").data.decode()
    assert '"Question group";"1";"7"\r\n"Question group";"Other answers";"hidden"' in file


def test_the_file_hides_small_numbers_of_ordinary_answers_from_all_but_the_role_care(sign_in_as, event):
    """A file is handed on, so no number of one to four can be read in it or follows from a sum (P10)."""
    dinner = make_question(event, "dinner", QuestionKind.ONE_OF, choices=("fish", "soup", "late", "none"))
    guests = make_question(event, "guests", QuestionKind.NUMBER, after=dinner, values=["late"])
    allergy = make_question(event, "allergy", QuestionKind.YES_NO, care=True, after=dinner, values=["late"])
    words, visa = make_question(event, "words"), make_question(event, "visa", QuestionKind.YES_NO)
    for choice, times in (("fish", 9), ("soup", 7), ("late", 2)):
        for _person in range(times):
            answer(event, dinner, choice)
    answer(event, guests, 4)
    answer(event, allergy, "no")
    answer(event, words, "A ramp")
    for said, times in (("yes", 6), ("no", 5)):
        for _person in range(times):
            answer(event, visa, said)
    for role in (Role.ORGANISER, Role.REGISTRAR):
        pages = sign_in_as(role, event)
        # Soup, the next higher number, is hidden, too: else the hidden one would follow from the sum of 18 people.
        assert told(pages) == [
            *(("dinner", "Choice fish", "9"), ("dinner", "Choice soup", "hidden")),
            *(("dinner", "Choice late", "hidden"), ("dinner", "Choice none", "0")),
            ("dinner", "All who answered", "18"),
            # Only people who chose "late" are asked for guests: the number of answers would tell how many chose "late".
            *(("guests", "Other answers", "hidden"), ("guests", "All who answered", "hidden")),
            *(("allergy", "Yes", "hidden"), ("allergy", "No", "hidden")),
            *(("allergy", "All who answered", "hidden"), ("words", "All who answered", "hidden")),
            *(("visa", "Yes", "6"), ("visa", "No", "5"), ("visa", "All who answered", "11")),
        ]
        page = pages.get(COUNTS, event="nf27")
        assert table(page, "Question dinner")[2] == "Choice late 2"
        assert "so pass the file on and not this page" in page.text
    care = sign_in_as(Role.CARE, event)
    assert "hidden" not in {number for _question, _answer, number in told(care)}
    assert ("dinner", "Choice late", "2") in told(care)
    assert "The file has every number" in care.get(COUNTS, event="nf27").text


def told(pages) -> list[tuple[str, ...]]:
    """Return question, answer and number of each row of the file of counts."""
    lines = pages.get("counts.file", event="nf27").data.decode("utf-8-sig").splitlines()[1:]
    return [tuple(cell.strip('"').removeprefix("Question ") for cell in line.split(";")) for line in lines]


def test_the_list_of_people_is_for_the_role_care_with_fresh_factors_and_recorded(sign_in_as, event):
    diet = make_question(event, "diet", choices=("vegan",), care=True)
    answer(event, diet, ["vegan"])
    for role in (Role.ORGANISER, Role.ADMIN):
        sign_in_as(role, event).get("counts.people", event="nf27", expect=404)
    care = sign_in_as(Role.CARE, event)
    page = care.get("counts.people", event="nf27")
    assert page.all(".care-answers > div") == ["Question diet Choice vegan"]
    assert page.all(".care-person > h2")[0].startswith("Åsa Bergström")
    viewed = select(AuditEntry.subject_id).where(AuditEntry.action == "care_answers.viewed")
    assert db.session.scalars(viewed).all() == [event.id]
    clock.freeze(clock.now() + timedelta(minutes=6))
    assert care.get("counts.people", event="nf27", expect=303).location.startswith("/account/confirm")


def test_numbers_that_people_gave_are_summed_unless_a_count_is_hidden(sign_in_as, event):
    """A kitchen cooks for the sum of guests; a reader who may not see every count gets no sum."""
    guests = make_question(event, "guests", QuestionKind.NUMBER)
    for number in (2, 2, 2, 2, 2, 10):
        answer(event, guests, number)
    admin = sign_in_as(Role.ADMIN, event)
    said = "6 people have answered. Their numbers make 20 together."
    assert table(admin.get(COUNTS, event="nf27"), "Question guests") == ["2 5", "10 1", said]
    assert "Sum of the numbers" not in {what for _question, what, _number in told(admin)}
    assert ("guests", "Sum of the numbers", "20") in told(sign_in_as(Role.CARE, event))


def test_an_event_without_questions_has_nothing_to_count(sign_in_as, event):
    page = sign_in_as(Role.ORGANISER, event).get(COUNTS, event="nf27")
    assert page.all(".empty-title") == ["Nothing to count yet"]


def test_sheet_for_the_venue_counts_needs_by_part_for_the_role_care_alone(sign_in_as, event):
    """People who have not said when they come have a column of their own; only the role care sees the sheet."""
    days = make_question(event, "days", choices=("monday", "tuesday"))
    make_question(event, "track", QuestionKind.ONE_OF, choices=("a", "b"))
    diet = make_question(event, "diet", choices=("vegan", "no-nuts"), care=True)
    loop = make_question(event, "loop", QuestionKind.YES_NO, care=True)
    for given, wants in (
        (["monday", "tuesday"], ["vegan"]),
        (["monday"], ["vegan", "no-nuts"]),
        (None, ["vegan"]),
    ):
        answer_both(event, days, given, diet, wants)
    answer_both(event, days, ["tuesday"], loop, "yes")
    for role in (Role.ORGANISER, Role.ADMIN, Role.VIEWER):
        sign_in_as(role, event).get("counts.parts", event="nf27", expect=404)
    care = sign_in_as(Role.CARE, event)
    page = care.get(COUNTS, event="nf27").follow("Sheet for the venue, by day or meal")
    assert page.all("thead th") == ["Who", "Choice monday", "Choice tuesday", "Not said"]
    assert rows(page) == [
        ["All who come", "2", "2", "1"],
        ["Question diet"],
        ["Choice vegan", "2", "1", "1"],
        ["Choice no-nuts", "1", "0", "0"],
        ["Question loop"],
        ["Yes", "0", "1", "0"],
    ]
    other = page.follow("Question track")
    assert other.all("thead th") == ["Who", "Choice a", "Choice b", "Not said"]
    assert rows(other)[0] == ["All who come", "0", "0", "4"]


def test_sheet_for_the_venue_counts_whoever_comes_to_a_part_that_is_no_longer_offered(sign_in_as, event):
    days = make_question(event, "days", choices=("monday", "tuesday", "wednesday"))
    answer_both(
        event, days, ["tuesday"], make_question(event, "diet", choices=("vegan",), care=True), ["vegan"]
    )
    start_write(db.session)
    for one in db.session.merge(days).choices:
        one.withdrawn_at = clock.now()
    db.session.commit()
    page = sign_in_as(Role.CARE, event).get("counts.parts", event="nf27")
    assert page.all("thead th") == ["Who", "Choice tuesday", "Not said"]
    assert rows(page) == [["All who come", "1", "0"], ["Question diet"], ["Choice vegan", "1", "0"]]


def make_wait(person: Registration) -> None:
    """Put the person into the line, without a place."""
    start_write(db.session)
    person.status, person.holds_place, person.waiting_since = Status.WAITING, False, NOW
    db.session.commit()


def restrict(person: Registration) -> None:
    """Restrict the processing of the person's data, as the person has asked."""
    request = write(restricting.ask, person, RestrictionKind.OBJECTION, "", now=NOW)
    write(restricting.grant, request, actor="user:1", now=NOW)


@pytest.mark.parametrize("change", [make_wait, restrict])
def test_sheet_for_the_venue_leaves_out_whoever_waits_and_whoever_is_restricted(sign_in_as, event, change):
    days = make_question(event, "days", choices=("monday",))
    diet = make_question(event, "diet", choices=("vegan",), care=True)
    for _person in range(2):
        answer_both(event, days, ["monday"], diet, ["vegan"])
    change(db.session.scalars(select(Registration).order_by(Registration.id.desc())).first())
    page = sign_in_as(Role.CARE, event).get("counts.parts", event="nf27")
    assert rows(page) == [["All who come", "1", "0"], ["Question diet"], ["Choice vegan", "1", "0"]]


def test_sheet_for_the_venue_says_when_no_question_gives_its_columns(sign_in_as, event):
    page = sign_in_as(Role.CARE, event).get("counts.parts", event="nf27")
    assert page.all(".empty-title") == ["No question asks who comes when"]


def answer_both(event, asked, given, need, wanted):
    """Add a person with a confirmed place who has answered an ordinary and a sensitive question."""
    answer(event, need, wanted)
    if given:
        person = db.session.scalars(select(Registration).order_by(Registration.id.desc())).first()
        save(Answer(registration_id=person.id, question_id=asked.id, value=given))


@pytest.mark.parametrize("people", [1, 20])
def test_counts_read_answers_by_two_statements_and_no_ordinary_answer_by_itself(app, event, people):
    sessions = make_question(event, "sessions", choices=("morning", "evening"))
    words = make_question(event, "words", QuestionKind.TEXT)
    for number in range(people):
        answer(event, sessions, ["morning", "evening"])
        answer(event, words, f"Text {number}")
    with counted_statements(app) as statements:
        tallies = {tally.question.key: tally for tally in list_tallies(event, is_exact=True)}
    assert tallies["sessions"].counts == {"morning": people, "evening": people}
    assert (tallies["words"].answered, tallies["words"].counts) == (people, {})
    assert [sum(table in one for one in statements) for table in ("FROM answers", "FROM care_answers")] == [
        1,
        1,
    ]
    (read,) = [one for one in statements if "FROM answers" in one]
    assert "GROUP BY" in read
