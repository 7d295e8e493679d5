"""The contact answers the event's questions for people without an address of their own, and sees nothing sensitive."""

import pytest

from forum import clock
from forum.database import start_write
from forum.delegations import contact_acts, contact_news
from forum.delegations.errors import NotTheirs
from forum.events.freezing import AnswersFrozen
from forum.extensions import db
from forum.questions.enums import QuestionKind
from forum.registration import actions, given, mails
from tests.delegations.test_delegations import opened, registered
from tests.factories.events import NOW
from tests.factories.questions import FILE_RULES, make_question
from tests.factories.registrations import read_care, write
from tests.questions.test_asking import stored
from tests.registration.reading import newest_mail, newest_mail_to, recorded

VEGAN = "Vegan, please"


@pytest.fixture
def app(make_app, database_url):
    return make_app(database_url, FORM_MIN_SECONDS=0)


@pytest.fixture
def delegation(event):
    clock.freeze(NOW)
    make_question(event, "arrival", is_required=True)
    make_question(event, "diet", care=True)
    return registered(event, sector="justice")


def test_contact_answers_and_required_questions_are_asked(pages, delegation):
    page = opened(pages, delegation).follow("Answer questions … Bo Ek")
    page = page.submit({"q-arrival": ""}, button="Save", expect=422)
    assert "q-arrival" in page.errors
    page.submit({"q-arrival": "At noon"}, button="Save", follow=True)
    page = pages.get("own_delegation_answers.answers", number=1)
    assert page.form("#answers").data["q-arrival"] == ["At noon"]


def test_the_contacts_page_names_who_lacks_required_answers_until_they_are_given(pages, delegation):
    """Only people for whom the contact answers are named: nothing is told of those with an address (S24, P20)."""
    write(actions.confirm, delegation.people[1].registration, now=NOW)
    page = opened(pages, delegation)
    assert page.text.count("Required answers are missing: Question arrival") == 1
    assert "Required answers are missing" in page.soup.select_one("ol.plain-list li").get_text(
        " ", strip=True
    )
    page.follow("Answer questions … Bo Ek").submit({"q-arrival": "At noon"}, button="Save", follow=True)
    assert "Required answers" not in pages.get("own_delegation.show").text


def test_answers_that_the_contact_cannot_give_are_not_named_as_missing(pages, delegation):
    make_question(delegation.event, "paper", QuestionKind.FILE, is_required=True, **FILE_RULES)
    assert "Question paper" not in opened(pages, delegation).text
    start_write(db.session)
    delegation.event.freezes_at = NOW
    db.session.commit()
    assert "Required answers" not in pages.get("own_delegation.show").text


def test_mails_to_the_contact_say_that_required_answers_are_missing(delegation):
    missing = "Required answers are missing for at least one of the people for whom you answer."
    assert missing in newest_mail_to(delegation.email, "delegation-registered").text
    bo = delegation.people[0].registration
    write(given.store, bo, {"arrival": "At noon"}, now=NOW)
    write(actions.cancel, bo, actor="command", now=NOW)
    write(contact_news.tell, delegation.id, now=NOW)
    assert missing not in newest_mail_to(delegation.email, "delegation-changed").text


@pytest.mark.parametrize("kind", ["confirmed", "approved"])
def test_the_mail_about_a_place_says_that_required_answers_are_missing(delegation, kind):
    """Somebody whom a contact has registered with an address has not been asked the event's questions yet."""
    cia = delegation.people[1].registration
    write(actions.confirm, cia, now=NOW)
    write(mails.queue_about_review, cia, kind, now=NOW)
    body = newest_mail(cia, kind).text
    assert ("still missing" in body, "You do not need to do anything more" in body) == (True, False)
    write(given.store, cia, {"arrival": "At noon"}, now=NOW)
    write(mails.queue_about_review, cia, kind, now=NOW)
    body = newest_mail(cia, kind).text
    assert ("still missing" in body, "You do not need to do anything more" in body) == (False, True)


def test_answers_about_food_and_access_are_replaced_unseen(pages, delegation):
    bo = delegation.people[0].registration
    empty = opened(pages, delegation).follow("Food and access … Bo Ek")
    page = empty.submit({"q-diet": VEGAN}, button="Save", follow=True)
    db.session.expire_all()
    assert (VEGAN in page.text, read_care(bo)) == (False, {"diet": VEGAN})
    again = pages.get("own_delegation_answers.care", number=1)
    assert (again.text, again.form("#care").data["q-diet"]) == (empty.text, [""])
    again.submit({}, button="Delete everything about food and access", follow=True)
    db.session.expire_all()
    assert read_care(bo) == {}
    changed = [entry for entry in recorded(bo) if entry[0] == "registration.care_changed"]
    assert changed == [("registration.care_changed", "contact", {})] * 2


def test_contact_answers_for_nobody_with_an_address_and_changes_nothing_once_frozen(pages, delegation):
    bo, cia = delegation.people
    opened(pages, delegation)
    for act in ("answers", "care"):
        pages.get(f"own_delegation_answers.{act}", number=2, expect=303)
    write(actions.confirm, cia.registration, now=NOW)
    with pytest.raises(NotTheirs):
        write(contact_acts.replace_care, cia, {"diet": VEGAN}, now=NOW)
    db.session.rollback()
    start_write(db.session)
    delegation.event.freezes_at = NOW
    db.session.commit()
    with pytest.raises(AnswersFrozen):
        write(contact_acts.replace_care, bo, {"diet": VEGAN}, now=NOW)
    db.session.rollback()
    with pytest.raises(AnswersFrozen):
        write(contact_acts.answer, bo, given.Answered((), {}), now=NOW)
    db.session.rollback()
    write(contact_acts.replace_care, bo, {}, now=NOW)


@pytest.mark.parametrize("act", ["answers", "care"])
def test_answers_that_were_changed_meanwhile_are_not_undone_by_an_older_page(pages, delegation, act):
    """The contact is shown what is stored, keeps what was entered, and may save it by another press (R30)."""
    bo, key = delegation.people[0].registration, "arrival" if act == "answers" else "diet"
    opened(pages, delegation)
    page = pages.get(f"own_delegation_answers.{act}", number=1)
    store = given.store if act == "answers" else given.change_care
    write(store, bo, {key: "Told to organisers"}, now=NOW)
    refused = page.submit({f"q-{key}": "Typed"}, button="Save", expect=409)
    assert "The answers have been changed meanwhile" in refused.all("h2")
    assert ("Told to organisers" in refused.text) is (act == "answers")
    assert refused.form(f"#{act}").data[f"q-{key}"] == ["Typed"]
    assert kept(bo, key) == "Told to organisers"
    refused.submit({}, button="Save", expect=303)
    assert kept(bo, key) == "Typed"


def kept(person, key: str) -> str:
    """Return the stored answer to a question."""
    db.session.expire_all()
    return (stored(person) | read_care(person))[key]
