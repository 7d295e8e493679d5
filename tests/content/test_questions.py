"""Questions of an event in its file: an import changes and orders them, or is refused where it would lose an answer."""

import tomllib

import pytest
import tomli_w
from sqlalchemy import select

from forum.content import questions
from forum.content.shapes import Where
from forum.database import start_write
from forum.events.models import Event
from forum.extensions import db
from forum.questions import queries, ready_made
from forum.questions.models import Answer, Question
from tests.content.test_round_trip import EVENT
from tests.factories.registrations import confirmed


def rewrite(folder, change) -> None:
    """Change the list of questions in the event's file."""
    path = folder / EVENT
    event = tomllib.loads(path.read_text(encoding="utf-8"))
    change(event["questions"])
    path.write_text(tomli_w.dumps(event), encoding="utf-8")


def stored(site) -> list[tuple[str, bool]]:
    """Return each question's key in order, and whether it is withdrawn."""
    with site.app_context():
        event = db.session.scalars(select(Event).where(Event.slug == "nf27")).one()
        return [(each.key, each.withdrawn_at is not None) for each in queries.list_all(event.id)]


def test_questions_are_changed_ordered_and_removed_by_files(site, folder, run):
    assert stored(site) == [("diet", False), ("more", False), ("sessions", False), ("left", True)]

    def change(told):
        told[0]["label"]["en"] = "Food"
        told[1].pop("shown_if")
        told[2]["choices"].append({"key": "two", "label": {"sv": "Två", "en": ""}})
        told.insert(0, told.pop(2))
        del told[3]

    rewrite(folder, change)
    status, said = run("import", folder)
    assert (status, said.splitlines()[-1]) == (0, "16 differences imported.")
    assert 'questions.diet.label.en: "Question diet" → "Food"' in said
    assert stored(site) == [("sessions", False), ("diet", False), ("more", False)]
    assert run("import", folder) == (0, "0 differences imported.\n")


def test_a_question_and_the_one_below_it_are_marked_by_one_file(site, folder, run):
    def mark(told):
        assert told[1]["shown_if"]["question"] == told[0]["key"]
        for question in told[:2]:
            question["locating"] = True

    rewrite(folder, mark)
    status, said = run("import", folder)
    assert (status, said.splitlines()[-1]) == (0, "2 differences imported.")
    assert run("import", folder) == (0, "0 differences imported.\n")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda told: told[0].update(kind="text"), "questions.diet: people have answered, so the kind stays"),
        (lambda told: told[0].pop("choices"), "questions.diet.choices"),
        (lambda told: told.pop(2), "questions.sessions: is missing, and people have answered it"),
        (lambda told: told[2]["choices"].pop(), "questions.sessions.choices.one: is missing"),
        (lambda told: told[1].update(sensitivity="ordinary"), "its answer would tell the other"),
        (lambda told: told[1]["shown_if"].update(answers=["fish"]), "no earlier question offers this answer"),
        (lambda told: told[2].update(sectors=["nobody"]), "the event has no such sector: nobody"),
        (lambda told: told.append(told[0]), "'diet' stands there twice"),
        (lambda told: told[0].update(kind="colour"), "has to be one of text"),
    ],
)
def test_what_would_lose_an_answer_or_contradicts_itself_is_refused(site, folder, run, change, said):
    with site.app_context():
        event = db.session.scalars(select(Event).where(Event.slug == "nf27")).one()
        person = confirmed(event, "ngo")
        start_write(db.session)
        for key, value in (("sessions", ["one"]),):
            asked = db.session.scalars(select(Question).where(Question.key == key)).one()
            db.session.add(Answer(registration_id=person.id, question_id=asked.id, value=value))
        person.care_answer.answer = {"given": {"diet": ["vegan"]}, "recorded_at": None}
        db.session.commit()
        db.session.remove()
    before = stored(site)
    rewrite(folder, change)
    status, told = run("import", folder)
    assert (status, said in told) == (1, True), told
    assert stored(site) == before


def test_ready_made_questions_are_what_a_file_may_hold():
    for ready in ready_made.list_sets():
        told = tomllib.loads(ready_made.FILE.read_text(encoding="utf-8"))
        whole = next(each["questions"] for each in told["sets"] if each["key"] == ready.key)
        for question in questions.read(questions.SHAPE(whole, Where("ready_made.toml")), Where("")):
            texts = [question["label"], *(choice["label"] for choice in question.get("choices", ()))]
            assert all(all(text.values()) for text in texts), question["key"]
