"""Organisers replace and remove a person's file on the form of the answers, by the rules of the public form (S29)."""

from datetime import timedelta

import pytest

from forum import clock
from forum.extensions import db
from forum.questions import files, uploads
from forum.questions import queries as questions
from forum.questions.enums import QuestionKind
from forum.registration import actions, answers, by_hand, given, queries
from forum.registration.applicant import Details
from forum.registration.enums import RestrictionKind, RestrictionState
from forum.registration.restriction_models import RestrictionRequest
from tests.factories.events import NOW
from tests.factories.images import jpeg
from tests.factories.questions import FILE_RULES, make_question
from tests.factories.registrations import confirmed, register, write
from tests.factories.saving import save
from tests.questions.test_asking import stored
from tests.questions.test_files import PDF, SVG, answer_with_file, kept, owners
from tests.registration.reading import recorded

NEW = PDF.replace(b"/Catalog", b"/Catalog /Lang (sv)")


@pytest.fixture
def app(make_app, database_url):
    return make_app(database_url, FORM_MIN_SECONDS=0)


@pytest.fixture(autouse=True)
def event(event_asking_for_file):
    return event_asking_for_file


@pytest.fixture
def person(event):
    """Save a person whose address is confirmed and who has answered with a file."""
    one = confirmed(event, "justice", given={})
    answer_with_file(one)
    return one


def form_of(organiser, person):
    return organiser.get("attendee_answers.change", event="nf27", reference=person.reference)


def test_organiser_replaces_and_removes_a_file_and_the_log_says_so(organiser, person):
    """The old file is deleted at once, and a link on the person's page in the console opens the new file."""
    [old] = [file.key for file in kept()]
    page = form_of(organiser, person)
    assert "Chosen: cv.pdf (1 kB)" in page.text
    page.submit(files={"q-cv-file": ("Photo.jpg", jpeg())}, button="Save", expect=303)
    [new] = kept()
    assert (new.key != old, new.registration_id, new.asked_from, new.ends_at) == (True, person.id, None, None)
    assert stored(person)["cv"] == {"key": new.key, "name": "Photo.jpg", "size": new.size}
    action, actor, details = recorded(person)[-1]
    assert (action, details) == ("registration.changed", {"fields": [], "questions": ["cv"]})
    assert actor.startswith("user:")
    shown = organiser.get("attendees.show", event="nf27", reference=person.reference)
    link = next(words for words in shown.links if words.startswith("Photo.jpg ("))
    assert shown.follow(link).headers["Content-Type"] == "image/jpeg"
    form_of(organiser, person).submit({"q-cv-remove": True}, button="Save", expect=303)
    assert (kept(), stored(person)) == ([], {})
    assert recorded(person)[-1][::2] == ("registration.changed", {"fields": [], "questions": ["cv"]})


def test_form_without_another_file_leaves_the_file_alone(organiser, person):
    [old] = [file.key for file in kept()]
    form_of(organiser, person).submit(button="Save", expect=303)
    assert ([file.key for file in kept()], stored(person)["cv"]["key"]) == ([old], old)


@pytest.mark.parametrize(
    ("sent", "words"),
    [
        (b"", "The file is empty. Choose another one."),
        (SVG, "Choose a PDF or a picture (JPEG, PNG or WebP)"),
        (
            PDF.replace(b"/Catalog", b"/Catalog /JavaScript"),
            "The PDF holds programs or other files. Print it as a PDF once more, and send that one.",
        ),
        (PDF[:-6] + bytes(2_000_000) + b"%%EOF\n", "The file has more than 1 MB. Choose a smaller one."),
    ],
)
def test_file_that_the_public_form_refuses_is_refused_here_in_the_same_words(organiser, person, sent, words):
    [old] = [file.key for file in kept()]
    page = form_of(organiser, person).submit(files={"q-cv-file": ("a.pdf", sent)}, button="Save", expect=422)
    assert page.errors == {"q-cv": words}
    assert ([file.key for file in kept()], stored(person)["cv"]["key"]) == ([old], old)


def test_required_file_may_be_missing_as_other_answers_may(organiser, event):
    make_question(event, "proof", QuestionKind.FILE, is_required=True, **FILE_RULES)
    one = confirmed(event, "justice", given={})
    form_of(organiser, one).submit(button="Save", expect=303)
    assert stored(one) == {}


def test_second_of_two_organisers_compares_the_files_before_one_is_replaced(organiser, person):
    """A form from before a colleague's change replaces the file only when it is sent a second time (R30)."""
    page = form_of(organiser, person)
    form_of(organiser, person).submit(files={"q-cv-file": ("theirs.pdf", NEW)}, button="Save", expect=303)
    [theirs] = [file.key for file in kept()]
    late = page.submit(files={"q-cv-file": ("mine.jpg", jpeg())}, button="Save", expect=409)
    was, now = late.all("table.compared td")
    assert (was, now.startswith("mine.jpg (")) == ("theirs.pdf (1 kB)", True)
    assert stored(person)["cv"]["key"] == theirs
    late.submit(button="Save", expect=303)
    [mine] = kept()
    assert stored(person)["cv"] == {"key": mine.key, "name": "mine.jpg", "size": mine.size}


def test_form_whose_file_the_person_has_replaced_meanwhile_names_the_new_one(organiser, person, event):
    """An organiser who has only changed another answer keeps the person's newer file, and is asked nothing about it."""
    make_question(event, "arrival")
    page = form_of(organiser, person)
    newer = write(kept_file, event)
    write(given.store, person, {"cv": newer}, now=NOW)
    late = page.submit({"q-arrival": "by boat"}, button="Save", expect=409)
    assert late.all("table.compared td") == ["nothing", "by boat"]
    assert "Chosen: cv.pdf (1 kB)" in late.text
    late.submit(button="Save", expect=303)
    told = stored(person)
    assert (told["cv"]["key"], told["arrival"]) == (newer["key"], "by boat")


def test_file_of_an_unconfirmed_form_is_replaced_and_comes_along_with_the_link(organiser, event):
    """The new file stays with the registration for more than a day; the file that it replaces is deleted at once."""
    old = write(kept_file, event)
    one = register(event, "justice", given={"cv": old})
    form_of(organiser, one).submit(files={"q-cv-file": ("new.pdf", NEW)}, button="Save", expect=303)
    [file] = kept()
    assert (file.key != old["key"], file.registration_id, file.ends_at is None) == (True, one.id, False)
    assert stored(one) == {}
    clock.freeze(NOW + timedelta(hours=30))
    form = queries.find_last_form(one)
    write(actions.confirm, one, form, now=clock.now())
    [file] = kept()
    assert (stored(one)["cv"]["name"], file.ends_at, owners()) == ("new.pdf", None, {one.id: file.key})


def test_another_answer_saved_after_the_files_day_leaves_the_file_alone(organiser, event):
    """A registration can be confirmed for two days, and its file is kept as long."""
    make_question(event, "arrival")
    sent_at = NOW - timedelta(hours=30)
    old = write(kept_file, event, now=sent_at)
    one = register(event, "justice", given={"cv": old}, now=sent_at)
    form_of(organiser, one).submit({"q-arrival": "By train"}, button="Save", expect=303)
    assert [file.key for file in kept()] == [old["key"]]
    write(actions.confirm, one, queries.find_last_form(one), now=clock.now())
    assert (stored(one)["arrival"], stored(one)["cv"]["key"]) == ("By train", old["key"])


def test_the_file_of_somebody_under_a_restriction_is_neither_shown_nor_deleted(organiser, person, event):
    """The file is stored and not used, because it may be evidence (P12); other answers can be corrected."""
    make_question(event, "arrival")
    shown = form_of(organiser, person)
    request = RestrictionRequest(
        event=event, registration=person, kind=RestrictionKind.RESTRICTION, words="Because."
    )
    request.state, request.asked_at, request.due_at = RestrictionState.GRANTED, NOW, NOW + timedelta(days=31)
    save(request)
    assert "cv.pdf" not in form_of(organiser, person).text
    shown.submit({"q-cv-remove": True}, button="Save", expect=409)
    assert len(kept()) == 1
    form_of(organiser, person).submit({"q-arrival": "By train"}, button="Save", expect=303)
    assert (stored(person)["arrival"], len(kept())) == ("By train", 1)


def kept_file(event, now=NOW):
    """Store a file, as for a form that is not sent yet; return the answer that names the file."""
    question = next(one for one in questions.list_all(event.id) if one.key == "cv")
    return files.keep(question, "pdf", PDF, "cv.pdf", asked_from="a client", now=now)


def test_somebody_who_was_added_without_an_address_gets_a_file(organiser, event):
    details = Details("Kim", "Minister", "The ministry", "", "SE", "en", None)
    told = {"reason": "Called.", "may_wait": True, "actor": "command", "now": NOW}
    added = write(by_hand.add, event, event.sectors[0], details, **told)
    form_of(organiser, added).submit(files={"q-cv-file": PDF}, button="Save", expect=303)
    assert owners() == {added.id: kept()[0].key}


def test_signed_name_of_another_persons_file_takes_nothing_from_that_person(organiser, person, event):
    other = confirmed(event, "justice", email="other@example.org", given={})
    signed = form_of(organiser, person).form().data["q-cv"][0]
    form_of(organiser, other).submit({"q-cv": signed}, button="Save", expect=303)
    assert stored(other) == {}
    assert owners() == {person.id: kept()[0].key}


def test_large_body_is_read_for_somebody_who_has_signed_in_alone(organiser, pages, event):
    make_question(event, "scan", QuestionKind.FILE, file_types=["pdf"], most_megabytes=5)
    one = confirmed(event, "justice", given={})
    large = PDF.removesuffix(b"%%EOF\n") + bytes(3_000_000) + b"\n%%EOF\n"
    form_of(organiser, one).submit(files={"q-scan-file": ("a.pdf", large)}, button="Save", expect=303)
    assert stored(one)["scan"]["size"] == len(large)
    path = f"/console/nf27/registrations/{one.reference}/answers"
    pages.open(path, method="POST", data={"q-scan": "x" * 2_000_000}, expect=413)
    too_long = bytes(uploads.LARGEST_BODY + 1)
    form_of(organiser, one).submit(files={"q-scan-file": ("a.pdf", too_long)}, button="Save", expect=413)


def test_form_is_the_same_for_a_protected_person(organiser, person):
    page = form_of(organiser, person)
    ordinary = page.form().data
    write(answers.say_identity, person, is_protected=True, real_name="Alma", now=NOW)
    again = form_of(organiser, person)
    assert again.form().data.keys() == ordinary.keys()
    assert again.all("main label") == page.all("main label")
    again.submit(files={"q-cv-file": ("new.pdf", NEW)}, button="Save", expect=303)
    db.session.expire_all()
    assert stored(person)["cv"]["name"] == "new.pdf"
