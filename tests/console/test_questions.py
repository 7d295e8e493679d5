"""An event's questions in the console: adding, changing, ordering, withdrawing, taking over ready-made ones."""

import pytest
from sqlalchemy import select

from forum.accounts.enums import Role
from forum.accounts.models import Membership, User
from forum.audit.models import AuditEntry
from forum.columns import Text
from forum.database import start_write
from forum.events.models import Event
from forum.extensions import db
from forum.questions import queries
from forum.questions.enums import QuestionKind, Sensitivity
from forum.questions.models import Answer, Question
from forum.registration.models import CareAnswer
from tests.factories.events import NOW, make_archive, make_event, make_sector
from tests.factories.questions import make_question
from tests.factories.registrations import confirmed, write
from tests.factories.saving import save
from tools.pages import Page, Pages


@pytest.fixture
def app(make_app, database_url):
    """Give an app on each kind of database: they differ in JSON lists, and in deleting rows by foreign keys."""
    return make_app(database_url)


@pytest.fixture
def event(database) -> Event:
    """Save an event with two sectors."""
    return make_event(sectors=[make_sector("justice", position=0), make_sector("ngo", position=1)])


@pytest.fixture
def pages(sign_in_as, event) -> Pages:
    """Give a signed-in browser of an organiser of the event."""
    return sign_in_as(Role.ORGANISER, event)


def show(pages: Pages) -> Page:
    """Open the list of questions."""
    return pages.get("questions.index", event="nf27")


def listed(page: Page) -> list[str]:
    """Return the questions' names in the order of the list."""
    return page.all(".question-name > a")


def stored(event: Event) -> dict[str, Question]:
    """Return the event's questions by key, as they are stored now."""
    db.session.rollback()
    db.session.expire_all()
    return {question.key: question for question in queries.list_all(event.id)}


def audited(event: Event) -> list[str]:
    """Return the entries of the audit trail about questions, the oldest first."""
    entries = select(AuditEntry).where(AuditEntry.subject_type == "questions").order_by(AuditEntry.id)
    return [entry.action for entry in db.session.scalars(entries)]


def answer(event: Event, question: Question, value: object, sector: str = "ngo") -> None:
    """Add a person with a confirmed place who has answered a question."""
    person = confirmed(event, sector)
    start_write(db.session)
    if question.sensitivity == Sensitivity.CARE:
        sealed = db.session.get_one(CareAnswer, person.id)
        given = {**sealed.answer.get("given", {}), question.key: value}
        sealed.answer = {"given": given, "recorded_at": None}
    else:
        db.session.add(Answer(registration_id=person.id, question_id=question.id, value=value))
    db.session.commit()


def test_a_question_is_asked_with_its_kind_first_and_changed_word_by_word(pages, event):
    page = show(pages)
    assert page.all(".empty-title") == ["No questions yet"]
    page = pages.get("questions.new", event="nf27")
    form = pages.get(page.links["Several answers"])
    page = form.submit({"label-en": "Workshops"}, button="Add the question", expect=422)
    assert page.errors == {"choices-0-label-sv": "Enter at least one answer to choose from"}
    typed = {
        "label-en": "Workshops",
        "choices-0-label-en": "Second",
        "choices-0-position": "2",
        "choices-1-label-en": "First",
        "choices-1-position": "1",
        "sectors": ["ngo"],
        "is_required": True,
    }
    page = form.submit(typed, button="Add the question", follow=True)
    assert page.flashes == ["The question has been added, the last in order."]
    assert page.all("tbody tr") == ["Workshops Missing: Swedish Several answers, required NGOs organisers 0"]
    question = stored(event)["workshops"]
    assert [(choice.key, choice.position) for choice in question.choices] == [("first", 0), ("second", 1)]
    page = pages.get(page.links["Workshops"])
    typed = {"label-sv": "Verkstäder", "choices-0-label-en": "", "sectors": [], "help-en": "Choose."}
    page = page.submit(typed, button="Save", follow=True)
    assert page.flashes == ["Saved."]
    question = stored(event)["workshops"]
    assert question.label == Text(sv="Verkstäder", en="Workshops")
    assert (question.sector_keys, [choice.key for choice in question.choices]) == ([], ["second"])
    page = pages.get("questions.edit", event="nf27", question=question.id).submit(button="Save", follow=True)
    assert page.flashes == ["Nothing was different, so nothing was changed."]
    assert audited(event) == ["question.added", "question.changed"]


def test_a_question_with_answers_keeps_kind_sensitivity_and_what_was_chosen(pages, event):
    diet = make_question(event, "diet", choices=("vegan", "no-nuts", "halal"), care=True)
    url = pages.url("questions.edit", event="nf27", question=diet.id)
    assert pages.get(url).form().data["sensitivity"] == ["care"]
    other_kind = pages.get(pages.get(url).links["A line of text"])
    answer(event, diet, ["vegan"])
    page = pages.get(url)
    assert (
        "People have answered, so the kind of the question and who reads the answers cannot change."
        in page.text
    )
    assert "sensitivity" not in page.form().data
    assert "A line of text" not in page.links
    refused = other_kind.submit(button="Save", expect=422)
    assert "so this stays a question of its kind" in refused.text
    other_kind.form().submit(button="Save", forged={"sensitivity": "ordinary"}, expect=422)
    page.submit(
        {"choices-0-label-sv": "", "choices-0-label-en": "", "choices-1-label-en": "Nuts"}, button="Save"
    )
    kept = {choice.key: choice.withdrawn_at is not None for choice in stored(event)["diet"].choices}
    assert kept == {"no-nuts": False, "halal": False, "vegan": True}
    page = pages.get(url)
    assert "Given before and offered no more: Choice vegan." in page.text
    page.submit({"choices-2-label-sv": "Svar vegan", "choices-2-label-en": "Choice vegan"}, button="Save")
    question = stored(event)["diet"]
    assert {choice.key: choice.withdrawn_at for choice in question.choices} == dict.fromkeys(kept)
    assert question.sensitivity == Sensitivity.CARE


def test_what_another_organiser_has_saved_is_compared(pages, event):
    question = make_question(event, "sessions", choices=("one", "two"))
    page = pages.get("questions.edit", event="nf27", question=question.id)
    start_write(db.session)
    db.session.get_one(Question, question.id).label = Text(sv="Annan", en="Another")
    db.session.commit()
    page = page.submit({"label-en": "Mine"}, button="Save", expect=409)
    assert "Question: English Another Mine" in page.all(".compared tbody tr")
    assert stored(event)["sessions"].label["en"] == "Another"
    page.submit(button="Save")
    assert stored(event)["sessions"].label["en"] == "Mine"


def test_a_condition_names_an_answer_and_never_tells_a_sensitive_one(pages, event):
    diet = make_question(event, "diet", choices=("other", "none"), care=True)
    extra = make_question(event, "extra", QuestionKind.TEXT)
    url = pages.url("questions.edit", event="nf27", question=extra.id)
    page = pages.get(url).submit({"condition": "diet=other"}, button="Save", expect=422)
    assert "this question has to be sensitive, too" in page.errors["sensitivity"]
    page.submit({"sensitivity": "care"}, button="Save")
    question = stored(event)["extra"]
    assert (question.depends_on_id, question.depends_on_values) == (diet.id, ["other"])
    rows = show(pages).all(".question-below")
    assert rows == ["Question extra If “Question diet” is answered with “Choice other”"]
    write(setattr, question, "depends_on_values", ["other", "none"])
    (told,) = show(pages).all(".question-below .question-note")
    assert told == "If “Question diet” is answered with “Choice other” or “Choice none”"
    write(setattr, question, "depends_on_values", ["other"])
    above = pages.get("questions.edit", event="nf27", question=diet.id)
    assert [option["value"] for option in above.soup.select("[name=condition] option")] == [""]
    page = above.submit({"sensitivity": "ordinary"}, button="Save", expect=303)
    page = above.submit({"choices-0-label-sv": "", "choices-0-label-en": ""}, button="Save", expect=409)
    above = pages.get("questions.edit", event="nf27", question=diet.id)
    page = above.submit({"choices-0-label-sv": "", "choices-0-label-en": ""}, button="Save", expect=422)
    assert page.errors["choices-1-label-sv"] == "“Question extra” depends on an answer that you have removed"


def test_questions_are_moved_without_a_script_among_those_beside_them(pages, event):
    first = make_question(event, "first", QuestionKind.YES_NO)
    make_question(event, "below", after=first, values=["yes"])
    last = make_question(event, "last")
    page = show(pages)
    assert listed(page) == ["Question first", "Question below", "Question last"]
    moved = page.form().submit(forged={"act": f"up-{last.id}"}, follow=True)
    assert listed(moved) == ["Question last", "Question first", "Question below"]
    stale = page.form().submit(forged={"act": f"up-{last.id}"}, follow=True)
    assert stale.flashes == ["Nothing was moved: the order was changed meanwhile."]
    show(pages).form().submit(forged={"act": "left-1"}, expect=400)
    assert audited(event) == ["question.moved"]


def test_a_sector_is_asked_for_no_more_files_than_its_form_can_bring(pages, event):
    """A request with more files than the form can bring is refused unread, and everything typed would be lost."""
    file = {"kind": QuestionKind.FILE, "file_types": ["pdf"], "most_megabytes": 5}
    make_question(event, "cv", **file)
    make_question(event, "letter", sectors=["justice"], **file)
    extra = make_question(event, "extra", sectors=["ngo"], **file)
    gone = make_question(event, "gone", sectors=["ngo"], withdrawn_at=NOW, **file)
    edit = pages.get("questions.edit", event="nf27", question=extra.id)
    refused = edit.submit({"sectors": ["justice", "ngo"]}, button="Save", expect=422)
    assert refused.errors["most_megabytes"].startswith(
        "The files that a sector is asked for may have at most 10 MB"
    )
    edit.submit({"label-en": "Another"}, button="Save", expect=303)
    page = show(pages).form(f"form[action$='{gone.id}/return']").submit(follow=True)
    assert page.flashes[0].startswith("The files that a sector is asked for may have at most 10 MB together")
    assert stored(event)["gone"].withdrawn_at is not None


def test_withdrawing_keeps_answers_and_bringing_back_asks_again(pages, event):
    dinner = make_question(event, "dinner", QuestionKind.YES_NO)
    make_question(event, "guests", QuestionKind.NUMBER, after=dinner, values=["yes"])
    answer(event, dinner, "yes")
    page = pages.get("questions.withdraw", event="nf27", question=dinner.id)
    assert "1 person has answered. The answer is kept." in page.text
    assert "“Question guests” stands under it and is not asked either." in page.text
    page = page.submit(button="Withdraw the question", follow=True)
    assert listed(page) == ["Question guests"]
    assert "Nobody is asked: the question above is withdrawn." in page.text
    assert db.session.scalar(select(Answer.value)) == "yes"
    page = page.form("form[action$=return]").submit(follow=True)
    assert listed(page) == ["Question dinner", "Question guests"]
    assert audited(event) == ["question.withdrawn", "question.brought_back"]


def numbers(pages: Pages, question: Question) -> list[str | bool]:
    """Return what the pages of questions say of how many have answered: in the list, before withdrawing, and after."""
    row = next(row for row in show(pages).all("tbody tr") if question.label["en"] in row)
    asking = pages.get("questions.withdraw", event="nf27", question=question.id).all(".prose li")[1]
    editing = pages.get("questions.edit", event="nf27", question=question.id)
    write(setattr, question, "withdrawn_at", NOW)
    line = show(pages).all(".question-line .question-note")[0]
    write(setattr, question, "withdrawn_at", None)
    return [row.split("role ")[1], asking, line, "so the kind of the question and who reads" in editing.text]


def test_only_the_role_care_sees_how_many_have_answered_a_sensitive_question(pages, event):
    """Organisers who read 10 answers to a question, and 9 to the one asked after "yes", would know of a "no" (P06)."""
    need = make_question(event, "need", QuestionKind.YES_NO, care=True)
    below = make_question(event, "below", QuestionKind.YES_NO, care=True, after=need, values=["yes"])
    hidden = [
        "hidden",
        "Withdrawing it deletes no answers. How many people have answered is shown to the care role alone.",
        "Yes or no",
    ]
    assert numbers(pages, need) == numbers(pages, below) == [*hidden, False]
    for _person in range(5):
        answer(event, need, "yes")
    answer(event, below, "yes")
    assert numbers(pages, need) == numbers(pages, below) == [*hidden, True]
    save(Membership(user_id=db.session.scalars(select(User.id)).one(), role=Role.CARE, event_id=event.id))
    five = [
        "5",
        "5 people have answered. Their answers are kept.",
        "Yes or no · 5 people have answered",
        True,
    ]
    assert numbers(pages, need) == five
    few = "ewer than 5 people have answered"
    assert numbers(pages, below) == [
        "fewer than 5",
        f"F{few}. Their answers are kept.",
        f"Yes or no · f{few}",
        True,
    ]


def test_ready_made_questions_come_in_both_languages_and_twice_if_wanted(pages, event):
    taking = pages.get("questions.new", event="nf27").form("form[action$=diet]")
    for _press in range(2):
        taking.submit(expect=303)
    assert list(stored(event)) == ["diet", "diet-other"]
    page = pages.get("questions.new", event="nf27").form("form[action$=diet]").submit(follow=True)
    assert page.flashes == ["“Diet and allergies” has been added, with 2 questions. Change them as you need."]
    questions = stored(event)
    assert list(questions) == ["diet", "diet-other", "diet-2", "diet-other-2"]
    assert questions["diet-other-2"].depends_on is questions["diet-2"]
    assert {one.sensitivity for one in questions.values()} == {Sensitivity.CARE}
    assert "Missing" not in page.text
    assert "asked already" in pages.get("questions.new", event="nf27").text


def test_a_question_of_another_event_is_not_found(pages, event):
    other = make_archive()
    question = make_question(other, "theirs")
    for endpoint in ("questions.edit", "questions.withdraw"):
        pages.get(endpoint, event="nf27", question=question.id, expect=404)
    mine = make_question(event, "mine")
    page = show(pages)
    page.form().submit(forged={"act": f"up-{question.id}"}, expect=404)
    assert mine.id != question.id


def test_a_copied_event_asks_the_same_and_has_no_answers(sign_in_as, event):
    dinner = make_question(event, "dinner", QuestionKind.YES_NO)
    make_question(event, "guests", QuestionKind.NUMBER, after=dinner, values=["yes"], sectors=["ngo"])
    make_question(event, "gone", withdrawn_at=event.opens_at)
    answer(event, dinner, "yes")
    admin = sign_in_as(Role.ADMIN)
    admin.get("new_event.copy", event="nf27").submit(button="Make the event")
    copied = db.session.scalars(select(Event).where(Event.slug == "nf28")).one()
    questions = stored(copied)
    assert list(questions) == ["dinner", "guests"]
    assert questions["guests"].depends_on is questions["dinner"]
    assert (questions["guests"].depends_on_values, questions["guests"].sector_keys) == (["yes"], ["ngo"])
    admin.get("questions.withdraw", event="nf28", question=questions["dinner"].id)


def test_tabs_and_checklist_say_which_question_lacks_a_language(pages, event):
    make_question(event, "arrival", label=Text(en="Arrival"))
    assert "Questions 1 missing" in show(pages).all(".settings-tabs a")
    start_write(db.session)
    event.is_published = False
    db.session.commit()
    page = pages.get("console.overview", event="nf27")
    assert "1 question lacks a language: “Arrival”" in page.text


def test_the_preview_asks_what_the_form_of_a_sector_asks(pages, event):
    dinner = make_question(event, "dinner", QuestionKind.YES_NO)
    make_question(event, "guests", QuestionKind.NUMBER, after=dinner, values=["yes"], sectors=["ngo"])
    page = pages.get(show(pages).links["NGOs"])
    assert page.all(".asked-when") == ["Only if you answered: Yes"]
    assert [field["name"] for field in page.soup.select(".asked input")] == [
        "q-dinner",
        "q-dinner",
        "q-guests",
    ]
    page = pages.get("questions.preview", event="nf27", sector="justice")
    assert [field["name"] for field in page.soup.select(".asked input")] == ["q-dinner", "q-dinner"]
    pages.get("questions.preview", event="nf27", sector="nobody", expect=404)
