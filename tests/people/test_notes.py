"""Private notes and tags about a person, and organisers' words to the person in mails about changes."""

from datetime import timedelta

import pytest
from sqlalchemy import delete, func, select

from forum import clock
from forum.database import start_write
from forum.extensions import db
from forum.people import notes
from forum.people.models import RegistrationNote
from forum.registration import own_data
from forum.registration.models import Registration
from tests.factories.events import NOW
from tests.factories.registrations import confirmed, write
from tests.registration.reading import newest_mail, queued, recorded
from tests.tables import names


@pytest.fixture
def app(make_app, database_url):
    return make_app(database_url)


@pytest.fixture
def person(event):
    return confirmed(event, "justice", given_name="Åsa", family_name="Bergström", language="sv")


def show(organiser, person):
    return organiser.get("attendees.show", event="nf27", reference=person.reference)


def test_note_stands_in_the_history_until_it_is_removed(organiser, person):
    clock.freeze(NOW + timedelta(minutes=5))
    page = show(organiser, person).follow("Add or remove notes")
    page.submit({"text": ""}, button="Add note", expect=422)
    page.submit({"text": "Comes by train.\nLeads a study."}, button="Add note", expect=303)
    page = show(organiser, person)
    assert page.all(".timeline-note") == ["Comes by train. Leads a study."]
    assert page.all(".timeline-title")[0] == "Note"
    ((actor, details),) = [entry[1:] for entry in recorded(person) if entry[0] == "registration.noted"]
    assert (actor.startswith("user:"), set(details)) == (True, {"note", "form"})
    asked = page.follow("Add or remove notes").follow("Remove the note of 3 May 2027 at 14:05 (CEST)")
    asked.submit(button="Remove the note", expect=303)
    page = show(organiser, person)
    assert (page.all(".timeline-note"), page.all(".timeline-title")[0]) == ([], "Note removed")


def test_a_doubled_press_adds_one_note(organiser, person):
    page = organiser.get("attendee_notes.index", event="nf27", reference=person.reference)
    for text in ("Called.", "Called.", "Called again."):
        page.submit({"text": text}, button="Add note", expect=303)
    assert [note.text for note in notes.list_notes(person)] == ["Called.", "Called again."]


def test_tags_find_people_and_a_later_change_is_compared(organiser, event, person):
    other = confirmed(event, "justice", family_name="Other")
    write(notes.set_tags, other, ["group-4"], actor="command", now=NOW)
    mine, theirs = (show(organiser, person).follow("Change the tags") for _ in range(2))
    mine.submit({"tags": "Press, group 4, #press"}, button="Save", expect=303)
    assert notes.list_tags(person) == ["group-4", "press"]
    page = theirs.submit({"tags": "vip"}, button="Save", expect=409)
    assert page.all(".compared td") == ["group-4, press", "vip"]
    assert notes.list_tags(person) == ["group-4", "press"]
    page.submit({"tags": "vip, press"}, button="Save", expect=303)
    assert names(show(organiser, person).follow("#press")) == ["Bergström, Åsa"]
    assert names(organiser.get("attendees.index", event="nf27", q="#GROUP-4")) == ["Other, Åsa"]
    assert names(organiser.get("attendees.index", event="nf27", q="#vip #group-4")) == []
    page = show(organiser, person).follow("Change the tags")
    assert page.all(".tag") == ["#group-4", "#press", "#vip"]
    page.submit({"tags": "x" * 41}, button="Save", expect=422)


def test_a_semicolon_separates_tags_as_it_separates_what_is_searched():
    assert notes.read_tags("Press;vip, a ; b") == ["a", "b", "press", "vip"]
    assert notes.read_tags("\ufeff, #\u200b;\ufeffvip\u200b") == ["vip"]


def test_person_reads_notes_and_tags_among_the_own_data(person):
    write(notes.add_note, person, "Comes by train.", actor="command", now=NOW)
    write(notes.set_tags, person, ["press"], actor="command", now=NOW)
    held = own_data.collect(person)
    assert [note["text"] for note in held["notes"]] == ["Comes by train."]
    assert held["tags"] == ["press"]
    assert {"registration.noted", "registration.tagged"} <= {entry["action"] for entry in held["history"]}


def test_person_is_written_to_only_with_words_of_the_organiser(organiser, person):
    before = len(queued())
    page = show(organiser, person).follow("Change the details")
    page.submit({"title": "Head"}, button="Save", expect=303)
    assert len(queued()) == before
    page = show(organiser, person).follow("Change the details")
    page.submit({"words": "Hej."}, button="Save", expect=422)
    page.submit({"title": "Chief", "words": "Hej.\n\nVi har\nrättat."}, button="Save", expect=303)
    mail = newest_mail(person, "changed")
    assert (mail.subject, len(queued())) == ("Din anmälan har ändrats", before + 1)
    assert "Titel eller roll" in mail.text
    assert "\n\nHej.\n\nVi har\nrättat.\n\n" in mail.text
    assert "<p>Vi har<br>rättat.</p>" in mail.html.replace(' style="margin: 0 0 16px;"', "")
    assert "Bergström" not in mail.text
    assert mail.token


def test_notes_and_tags_go_with_the_registration(person):
    event_id = person.event_id
    write(notes.add_note, person, "Comes by train.", actor="command", now=NOW)
    write(notes.set_tags, person, ["press"], actor="command", now=NOW)
    start_write(db.session)
    db.session.execute(delete(Registration).where(Registration.id == person.id))
    db.session.commit()
    left = db.session.scalar(select(func.count()).select_from(RegistrationNote))
    assert (left, notes.list_tags_of_event(event_id)) == (0, [])


def test_words_for_a_cancellation_are_kept_when_the_person_reads_another_language_now(organiser, person):
    page = show(organiser, person).follow("Cancel the registration")
    write(setattr, db.session.get_one(Registration, person.id), "language", "en")
    page = page.submit({"words": "Hej."}, button="Cancel the registration", expect=409)
    assert (page.form().data["words"], "Write in English." in page.text) == (["Hej."], True)


def test_organiser_cancels_with_a_reason_and_words_of_their_own(organiser, person):
    page = show(organiser, person).follow("Cancel the registration")
    page.submit({"reason": "x" * 2001}, button="Cancel the registration", expect=422)
    sent = {"reason": "Asked by telephone.", "words": "Hej.\n\nVälkommen en annan gång."}
    page.submit(sent, button="Cancel the registration", expect=303)
    mail = newest_mail(person, "cancelled")
    assert "\n\nHej.\n\nVälkommen en annan gång.\n\n" in mail.text
    assert "Välkommen en annan gång." in mail.html
    assert "telephone" not in mail.text + mail.html
    assert [note.text for note in notes.list_notes(person)] == ["Asked by telephone."]
