"""Files that are sent with an invitation's or a substitute's form, of another event, or by a protected person (S29)."""

import re

import pytest

from forum.delegations import queries as substitutions
from forum.extensions import db
from forum.questions import files
from forum.questions.enums import QuestionKind
from forum.registration import answers, given
from forum.registration.models import Registration
from tests.delegations.test_substitution import TYPED, named
from tests.factories.events import NOW, make_event, make_sector
from tests.factories.questions import FILE_RULES, make_question
from tests.factories.registrations import confirmed, write
from tests.invitations.test_invitations import invite, link_of
from tests.questions.test_asking import stored
from tests.questions.test_files import PDF, kept, registered, send
from tools.pages import Page, Pages

# More bytes than requests to other public forms may have: the server must know that this form asks for a file.
LARGE = PDF.removesuffix(b"%%EOF\n") + bytes(600_000) + b"\n%%EOF\n"


@pytest.fixture
def app(make_app, database_url):
    return make_app(database_url, FORM_MIN_SECONDS=0)


@pytest.fixture(autouse=True)
def event(event_asking_for_file):
    return event_asking_for_file


def said(page: Page) -> str | bytes:
    """Return a page's text without its request ID, or a file's bytes."""
    return re.sub(r"reference \w+\.", "", page.text) if page.is_html else page.data


def own_file(pages: Pages) -> Page:
    """Open the file that the personal page links to."""
    page = pages.get("self_service.show")
    return page.follow(next(words for words in page.links if words.startswith("My CV.pdf (")))


def send_twice(page: Page, typed: dict[str, str], button: str) -> None:
    """Send a form with an error and a file, then without the error; the file is kept in between."""
    page = page.submit(
        {**typed, "given_name": ""}, files={"q-cv-file": ("My CV.pdf", LARGE)}, button=button, expect=422
    )
    assert list(page.errors) == ["given_name"]
    assert "Chosen: My CV.pdf (" in page.text
    page.submit({"given_name": "Kim"}, button=button, expect=303)


def test_invited_person_sends_a_file_with_the_answer(pages, event):
    page = pages.get(link_of(invite(event, language="en"))).submit(
        button="Yes, I want to come …", follow=True
    )
    send_twice(page, {"family_name": "", "country": "SE"}, "Register")
    [file], [person] = kept(), db.session.query(Registration).all()
    assert (stored(person)["cv"]["key"], file.registration_id, file.ends_at) == (file.key, person.id, None)
    assert own_file(pages).data == LARGE


def test_substitute_sends_a_file_of_their_own_and_does_not_get_the_one_before(pages, event):
    person = registered(pages)
    [before] = [file.key for file in kept()]
    page = pages.get(f"/en/r/instead/{named(person)}")
    assert "My CV" not in page.text
    send_twice(page, TYPED, "Confirm and come instead")
    new = substitutions.find_successor(person)
    told = stored(new)["cv"]
    assert told["key"] != before
    assert {file.key: file.registration_id for file in kept()}[told["key"]] == new.id
    assert own_file(pages).data == LARGE
    pages.open(f"/en/r/files/{before}", expect=404)


def test_file_of_another_event_is_no_answer_here(pages, event):
    elsewhere = make_event(slug="osl28", is_current=False, sectors=[make_sector("justice")])
    make_question(elsewhere, "cv", QuestionKind.FILE, **FILE_RULES)
    page = send(pages, given_name="", expect=422)
    signed, [file] = page.form().data["q-cv"][0], kept()
    there = confirmed(event, "justice")
    told = files.read(signed)
    assert told["key"] == file.key
    other = confirmed(elsewhere, "justice")
    write(given.store, other, {"cv": told}, now=NOW)
    assert (stored(other), kept()[0].registration_id) == ({}, None)
    write(given.store, there, {"cv": told}, now=NOW)
    assert stored(there) == {"cv": told}


def test_pages_about_files_are_the_same_for_a_protected_person(pages, sign_in_as, event):
    """The file, its page, the list and a missing file look the same for a protected person and for somebody else."""
    person = registered(pages)
    [file] = kept()
    organiser = sign_in_as("organiser", event)
    known = {"event": "nf27", "reference": person.reference}

    def look() -> list[tuple]:
        asked = [
            organiser.get("attendee_files.download", **known, file_key=file.key),
            organiser.get("attendee_files.download", **known, file_key="0" * 32, expect=404),
            organiser.get("attendees.show", **known),
            organiser.get("attendees.index", event="nf27"),
            pages.get("self_service.file", file_key=file.key),
            pages.get("self_service.file", file_key="0" * 32, expect=404),
        ]
        return [(answer.status, answer.headers["Content-Type"], said(answer)) for answer in asked]

    # The first view is recorded, and from then on the person's page lists it: open all pages before comparing them.
    look()
    ordinary = look()
    write(answers.say_identity, person, is_protected=True, real_name="Alma", now=NOW)
    assert look() == ordinary
