"""The consent to storing answers about diet and access: its text, moment and end, in the sealed record (P03–P05)."""

import json
from datetime import timedelta

import pytest
from sqlalchemy import text

from forum import clock
from forum.accounts.enums import Role
from forum.columns import Text
from forum.database import start_write
from forum.extensions import db
from forum.questions import care_consent
from forum.registration import actions, by_hand, given, joining, queries
from forum.registration.applicant import Details
from tests.factories.events import NOW
from tests.factories.registrations import confirmed, register, write
from tests.registration.filling import link_in, mails, manage_token
from tests.registration.reading import recorded
from tools.pages import Pages

STEP = timedelta(minutes=4)
VERSION = "2026-11-28"


@pytest.fixture
def app(make_app, database_url):
    return make_app(database_url)


@pytest.fixture
def event(event_asking_for_food):
    return event_asking_for_food


@pytest.fixture
def person(event):
    """Save a person who has answered a question about food on the form, and confirmed the address later."""
    one = register(event, "ngo", given={"diet": ["vegetarian"]})
    write(actions.confirm, one, queries.find_last_form(one), now=NOW + STEP)
    return one


@pytest.fixture
def own(app, person):
    """Give a browser in which the person has opened the personal link."""
    pages = Pages(app)
    pages.get("self_service.enter", token=manage_token(person), follow=True)
    return pages


def record(person):
    db.session.rollback()
    db.session.expire_all()
    return person.care_answer.answer


def everything(app, own):
    """Open the page of everything that is held about the person."""
    own.get("self_service.own_data_page").form("form[action$=link]").submit(follow=True)
    mailbox = Pages(app)
    mailbox.get(link_in(mails(db.session, "own-data")[-1])).submit(follow=True)
    return mailbox


def test_consent_is_noted_with_the_text_and_the_moment_of_confirming(person):
    """The page that confirms the address shows the text, because only then it is certain who agrees."""
    note = {"text_version": VERSION, "given_at": (NOW + STEP).isoformat()}
    assert record(person)["consent"] == note


def test_nobody_who_has_not_answered_has_consented(event):
    one = register(event, "ngo", given={"arrival": "by train"})
    write(actions.confirm, one, queries.find_last_form(one), now=NOW)
    assert record(one) == {"given": {}, "recorded_at": None}


def test_confirming_page_shows_the_text_whether_something_was_answered_or_not(app, event):
    """The text is on the page either way, so whoever opens the link does not learn from it what was answered (S23)."""
    for told in ({"diet": ["vegetarian"]}, {}):
        register(event, "ngo", given=told)
        page = Pages(app).get(link_in(mails(db.session, "received")[-1]))
        assert care_consent.words().get("en") in page.text


def test_withdrawing_deletes_the_answers_and_notes_the_moment(own, person):
    clock.freeze(NOW + 5 * STEP)
    own.get("self_service.care").submit(button="Delete everything about food and access", expect=303)
    note = {
        "text_version": VERSION,
        "given_at": (NOW + STEP).isoformat(),
        "withdrawn_at": (NOW + 5 * STEP).isoformat(),
    }
    assert record(person) == {"given": {}, "recorded_at": None, "consent": note}
    clock.freeze(NOW + 6 * STEP)
    own.get("self_service.care").submit(button="Delete everything about food and access", expect=303)
    assert record(person)["consent"] == note
    own.get("self_service.care").submit({"q-diet": ["gluten"]}, button="Save", expect=303)
    assert record(person)["consent"] == {"text_version": VERSION, "given_at": (NOW + 6 * STEP).isoformat()}


def test_deleting_what_is_not_there_notes_nothing(app, event):
    one = confirmed(event, "ngo")
    write(given.say_care, one, {}, is_own=True, now=NOW)
    assert record(one) == {"given": {}, "recorded_at": None}


def test_answers_that_somebody_else_deletes_leave_no_note(organiser, sign_in_as, event, person):
    """If an organiser deletes the answers, no withdrawal is noted; a withdrawal by the person stays noted."""
    page = organiser.get("attendee_answers.care", event="nf27", reference=person.reference)
    page.submit(button="Delete everything about food and access", expect=303)
    assert record(person) == {"given": {}, "recorded_at": None}
    people = sign_in_as(Role.CARE, event).get("counts.people", event="nf27")
    assert "Consent taken back" not in people.text
    write(given.say_care, person, {"diet": ["gluten"]}, now=NOW)
    write(given.say_care, person, {}, is_own=True, now=NOW + STEP)
    noted = record(person)
    assert noted["consent"]["withdrawn_at"] == (NOW + STEP).isoformat()
    write(given.change_care, person, {}, now=NOW + 2 * STEP)
    assert record(person) == noted


def test_answers_that_somebody_else_enters_have_no_text(organiser, event, person):
    """When an organiser enters the answers, the person is shown no text of consent, so the note names none."""
    details = Details("Kim", "Minister", "The ministry", "", "SE", "en", None)
    told = {"reason": "Called.", "may_wait": True, "actor": "command", "now": NOW}
    added = write(by_hand.add, event, event.sectors[0], details, **told)
    for one in (added, person):
        page = organiser.get("attendee_answers.care", event="nf27", reference=one.reference)
        page.submit({"q-diet": ["gluten"]}, button="Replace all of it", expect=303)
        assert record(one)["consent"] == {"text_version": None, "given_at": NOW.isoformat()}


@pytest.mark.parametrize(("button", "is_noted"), [("Replace", True), ("Delete", False)])
def test_confirming_what_an_organiser_has_entered_agrees_to_no_text(organiser, event, button, is_noted):
    """The confirming page shows no answers about food, so confirming is no consent to answers of an organiser."""
    one = register(event, "ngo", given={"arrival": "by train", "diet": ["vegetarian"]})
    page = organiser.get("attendee_answers.care", event="nf27", reference=one.reference)
    whole = {"Replace": "Replace all of it", "Delete": "Delete everything about food and access"}[button]
    page.submit({"q-diet": ["gluten"]}, button=whole, expect=303)
    write(actions.confirm, one, queries.find_last_form(one), now=NOW + STEP)
    note = {"text_version": None, "given_at": (NOW + STEP).isoformat()}
    assert record(one).get("consent") == (note if is_noted else None)
    assert record(one)["given"] == ({"diet": ["gluten"]} if is_noted else {})


def test_organisers_change_of_another_answer_leaves_the_person_s_consent(organiser, event):
    """A person who confirms their own answers about food agrees to the text, even if another answer was changed."""
    one = register(event, "ngo", given={"arrival": "by train", "diet": ["vegetarian"]})
    page = organiser.get("attendee_answers.change", event="nf27", reference=one.reference)
    page.submit({"q-arrival": "by boat"}, button="Save", expect=303)
    write(actions.confirm, one, queries.find_last_form(one), now=NOW)
    assert record(one)["consent"]["text_version"] == VERSION


def test_answer_of_an_earlier_version_counts_as_given_without_a_text(person):
    """Earlier versions store answers without a note of consent; these can be read and withdrawn all the same."""
    start_write(db.session)
    person.care_answer.answer = {"given": {"diet": ["gluten"]}, "recorded_at": NOW.isoformat()}
    db.session.commit()
    assert care_consent.find_note(record(person)) == {"text_version": None, "given_at": NOW.isoformat()}
    write(given.say_care, person, {}, is_own=True, now=NOW + STEP)
    withdrawn = {
        "text_version": None,
        "given_at": NOW.isoformat(),
        "withdrawn_at": (NOW + STEP).isoformat(),
    }
    assert record(person)["consent"] == withdrawn


def test_own_data_tell_the_consent_only_behind_the_fresh_link(app, own, person):
    """The page of the personal link may lie open on a screen: neither it nor its file tells of an answer (S23)."""
    for shown in (own.get("self_service.own_data_page"), own.get("/en/r/own-data?format=json")):
        assert (VERSION in shown.text, "Choice vegetarian" in shown.text) == (False, False)
    mailbox = everything(app, own)
    page = mailbox.get("/en/r/everything")
    for words in ("Version of the text", VERSION, care_consent.words().get("en")):
        assert words in page.text
    held = json.loads(mailbox.get("/en/r/everything?format=json").text)["care_answers"]
    note = {"text_version": VERSION, "given_at": (NOW + STEP).isoformat()}
    assert [(one["answer"]["consent"], one["text"]["en"]) for one in held] == [
        (note, care_consent.words().get("en"))
    ]


def test_role_care_alone_reads_who_has_agreed_and_who_has_taken_it_back(sign_in_as, event, person):
    other = confirmed(event, "ngo", family_name="Dal", email="dal@example.org", given_name="Bo")
    write(given.say_care, other, {"diet": ["gluten"]}, now=NOW)
    for role in (Role.ORGANISER, Role.ADMIN, Role.PROTECTED_HANDLER):
        sign_in_as(role, event).get("counts.people", event="nf27", expect=404)
    care = sign_in_as(Role.CARE, event)
    page = care.get("counts.people", event="nf27")
    assert page.all(".care-person > p") == [
        f"Agreed 3 May 2027 at 14:04 (CEST), to the text of {VERSION}",
        "No text noted: entered by somebody else, or before texts were noted",
    ]
    assert "Consent taken back" not in page.text
    write(given.say_care, person, {}, is_own=True, now=NOW + STEP)
    page = care.get("counts.people", event="nf27")
    assert len(page.all(".care-person")) == 1
    [line] = page.all("[aria-labelledby=withdrawn] li")
    assert person.reference in line


def test_neither_the_organisers_page_of_a_person_nor_the_audit_trail_tells_of_it(organiser, person, event):
    """A consent would reveal that the person has answered, so only organisers with the role care read of it."""
    acts = recorded(person)
    write(given.say_care, person, {}, is_own=True, now=NOW + STEP)
    assert recorded(person) == acts
    page = organiser.get("attendees.show", event="nf27", reference=person.reference)
    assert (VERSION in page.text, "Consent taken back" in page.text) == (False, False)


def test_record_keeps_its_length_with_the_longest_answers_and_every_note(event):
    """Everybody's sealed record has the same length in the database and each backup, whatever it holds (P05, P21)."""
    longest = {"diet": "å" * 395}
    people = [confirmed(event, "ngo", email=f"{number}@example.org") for number in range(4)]
    write(given.say_care, people[1], longest, is_own=True, now=NOW.replace(microsecond=123456))
    write(given.say_care, people[2], longest, is_own=True, now=NOW)
    write(given.say_care, people[2], {}, is_own=True, now=NOW.replace(microsecond=123456))
    write(given.say_care, people[3], longest, now=NOW)
    lengths = db.session.scalars(text("SELECT length(answer) FROM care_answers")).all()
    assert (len(lengths), len(set(lengths))) == (4, 1)


def test_merged_answers_have_the_note_that_is_true_of_both(event):
    """If somebody else entered a part, the note of the merged answers names no text. Withdrawn consents are ignored."""
    agreed = care_consent.given_now(NOW, is_own=True)
    entered = care_consent.given_now(NOW + STEP, is_own=False)
    mine = given.care({"diet": ["gluten"]}, consent=agreed, now=NOW)
    theirs = given.care({"access": "Loop"}, consent=entered, now=NOW)
    assert joining.joined_care(mine, theirs, NOW)["consent"] == entered
    assert joining.joined_care(mine, given.care({}, now=None), NOW)["consent"] == agreed
    withdrawn = given.care({}, consent={**agreed, "withdrawn_at": NOW.isoformat()}, now=NOW)
    assert joining.joined_care(withdrawn, theirs, NOW)["consent"] == entered


def test_new_text_is_what_later_answers_agree_to(monkeypatch, event):
    texts = {**care_consent.TEXTS, "2027-05-01": Text(sv="Nytt.", en="New.")}
    before = confirmed(event, "ngo", email="before@example.org")
    write(given.say_care, before, {"diet": ["gluten"]}, is_own=True, now=NOW)
    monkeypatch.setattr(care_consent, "TEXTS", texts)
    after = confirmed(event, "ngo", email="after@example.org")
    write(given.say_care, after, {"diet": ["gluten"]}, is_own=True, now=NOW)
    versions = [record(one)["consent"]["text_version"] for one in (before, after)]
    assert versions == [VERSION, "2027-05-01"]
    assert care_consent.words(VERSION).get("en").startswith("Answers about food and access are kept")


def test_every_version_of_the_text_is_in_the_console(organiser, event):
    page = organiser.get("consent_texts.index", event="nf27")
    assert f"Answers about food and access, {VERSION}" in page.all("h2")
    for words in care_consent.words().values():
        assert words in page.text
