"""Files as answers: checked, encrypted, kept with a faulty form, downloaded only, erased with the person (S29)."""

from datetime import timedelta
from io import BytesIO

import pytest
from PIL import Image
from sqlalchemy import select

from forum import clock
from forum.audit.models import AuditEntry
from forum.database import start_write
from forum.extensions import db
from forum.privacy import erasing, hanging
from forum.questions import files, uploads
from forum.questions.enums import QuestionKind
from forum.questions.models import Answer, AnswerFile, Question
from forum.registration import forgetting, given, links, readers, separating, uniting
from forum.registration.enums import TokenPurpose
from forum.registration.expiry import expire_due
from forum.registration.models import Registration
from tests.factories.events import NOW, make_archive
from tests.factories.images import jpeg
from tests.factories.questions import FILE_RULES, make_question
from tests.factories.registrations import confirmed, write
from tests.questions.test_asking import stored
from tests.registration.filling import ANSWERS, link_in, mails
from tools.pages import Pages

PDF = b"%PDF-1.7\n1 0 obj\n<< /Type /Catalog >>\nendobj\ntrailer\n<< >>\n%%EOF\n"
SVG = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'
HTML = b"<!doctype html><script>alert(1)</script>" + PDF


@pytest.fixture
def app(make_app, database_url):
    return make_app(database_url, FORM_MIN_SECONDS=0)


@pytest.fixture(autouse=True)
def event(event_asking_for_file):
    return event_asking_for_file


def kept() -> list[AnswerFile]:
    db.session.rollback()
    db.session.expire_all()
    return list(db.session.scalars(select(AnswerFile).order_by(AnswerFile.received_at, AnswerFile.key)))


def send(pages, sent=PDF, *, name="My CV.pdf", expect=303, **typed):
    page = pages.get("registration.details", sector="justice")
    return page.submit({**ANSWERS, **typed}, files={"q-cv-file": (name, sent)}, expect=expect)


def registered(pages) -> Registration:
    """Register with a file, confirm the address by the link, and return the registration."""
    send(pages)
    pages.get("registration.check", sector="justice").submit(button="Register")
    pages.open(link_in(mails(db.session, "received")[-1])).submit(expect=303)
    db.session.expire_all()
    return db.session.scalars(select(Registration).order_by(Registration.id.desc())).first()


def test_file_comes_along_from_the_form_to_the_personal_page_and_to_the_organisers(pages, sign_in_as, event):
    person = registered(pages)
    [file] = kept()
    told = {"key": file.key, "name": "My CV.pdf", "size": len(PDF)}
    assert stored(person) == {"cv": told}
    assert (file.registration_id, file.asked_from, file.ends_at) == (person.id, None, None)
    assert PDF not in bytes(file.sealed_content)
    own = pages.get("self_service.show")
    given_back = own.follow("My CV.pdf (1 kB)")
    assert given_back.data == PDF
    assert given_back.headers["Content-Disposition"] == 'attachment; filename="My CV.pdf"'
    assert given_back.headers["Content-Type"] == "application/pdf"
    assert given_back.headers["X-Content-Type-Options"] == "nosniff"
    assert given_back.headers["Content-Security-Policy"].endswith("; sandbox")
    assert given_back.headers["Cache-Control"] == "no-store"
    organiser = sign_in_as("organiser", event)
    shown = organiser.get("attendees.show", event="nf27", reference=person.reference)
    assert shown.follow("My CV.pdf (1 kB)").data == PDF
    actions_on = list(db.session.scalars(select(AuditEntry.action)))
    assert actions_on.count("registration.file_downloaded") == 1
    assert [one.what for one in readers.list_readings(person)].count(
        "Downloaded a file among your answers"
    ) == 1


def test_form_with_faults_and_the_check_page_keep_the_file(pages):
    page = send(pages, given_name="", expect=422)
    assert "Chosen: My CV.pdf (1 kB)" in page.text
    checked = page.submit({"given_name": "Kim"}, follow=True)
    assert "My CV.pdf (1 kB)" in checked.text
    again = checked.submit(button=None, follow=True, expect=200)
    assert again.status == 200
    assert len(kept()) == 1


def test_file_is_removed_and_replaced_on_the_form_and_on_the_personal_page(pages):
    person = registered(pages)
    first = kept()[0].key
    change = pages.get("self_service.change")
    assert "Chosen: My CV.pdf (1 kB)" in change.text
    change.submit(expect=303)
    assert [file.key for file in kept()] == [first]
    change.submit(files={"q-cv-file": ("new.jpg", jpeg())}, expect=303)
    [second] = kept()
    assert second.key != first
    assert stored(person)["cv"]["name"] == "new.jpg"
    pages.open(f"/en/r/files/{first}", expect=404)
    assert pages.open(f"/en/r/files/{second.key}", expect=200).headers["Content-Type"] == "image/jpeg"
    pages.get("self_service.change").submit({"q-cv-remove": True}, expect=303)
    assert (kept(), stored(person)) == ([], {})


def test_required_file_is_asked_for(pages, event):
    question = make_question(event, "proof", QuestionKind.FILE, is_required=True, **FILE_RULES)
    page = send(pages, expect=422)
    assert page.errors["q-proof"] == "Choose a file"
    assert question.key == "proof"
    page.submit(files={"q-proof-file": PDF}, expect=303)
    assert len(kept()) == 2


@pytest.mark.parametrize(
    ("sent", "words"),
    [
        (b"", "The file is empty. Choose another one."),
        (SVG, "Choose a PDF or a picture (JPEG, PNG or WebP)"),
        (HTML, "Choose a PDF or a picture (JPEG, PNG or WebP)"),
        (b"GIF89a" + PDF, "Choose a PDF or a picture (JPEG, PNG or WebP)"),
        (b"MZ\x90\x00" + bytes(100), "Choose a PDF or a picture (JPEG, PNG or WebP)"),
        (b"\x89PNG\r\n\x1a\n" + SVG, "Choose a PDF or a picture (JPEG, PNG or WebP)"),
        (PDF.removesuffix(b"%%EOF\n"), "The PDF is damaged. Save it again, or choose another one."),
        (
            PDF.replace(b"/Catalog", b"/Catalog /JavaScript"),
            "The PDF holds programs or other files. Print it as a PDF once more, and send that one.",
        ),
        (
            PDF.replace(b"/Catalog", b"/Catalog /J#61va#53cript"),
            "The PDF holds programs or other files. Print it as a PDF once more, and send that one.",
        ),
        (PDF[:-6] + bytes(1_000_000) + b"%%EOF\n", "The file has more than 1 MB. Choose a smaller one."),
        (PDF[:-6] + bytes(9_000_000) + b"%%EOF\n", "The file has more than 1 MB. Choose a smaller one."),
    ],
)
def test_file_that_is_not_what_the_question_takes_is_refused_in_words(pages, sent, words):
    page = send(pages, sent, given_name="Kim", expect=422)
    assert page.errors == {"q-cv": words}
    assert page.form().data["given_name"] == ["Kim"]
    assert kept() == []


def test_question_takes_only_the_types_that_it_names(pages, event):
    make_question(event, "photo", QuestionKind.FILE, file_types=["picture"], most_megabytes=1)
    make_question(event, "paper", QuestionKind.FILE, file_types=["pdf"], most_megabytes=1)
    page = pages.get("registration.details", sector="justice")
    page = page.submit(ANSWERS, files={"q-photo-file": PDF, "q-paper-file": jpeg()}, expect=422)
    assert page.errors == {"q-photo": "Choose a picture (JPEG, PNG or WebP)", "q-paper": "Choose a PDF"}


def test_body_beyond_every_limit_is_refused_without_being_stored(pages):
    page = pages.get("registration.details", sector="justice")
    page.submit(ANSWERS, files={"q-cv-file": bytes(uploads.LARGEST_BODY + 1)}, expect=413)
    assert kept() == []


def test_file_of_a_registration_that_is_merged_away_answers_for_the_kept_one_and_is_given_with_everything(
    pages, sign_in_as, event
):
    other = confirmed(event, "justice", email="kim2@example.org")
    clock.freeze(NOW + timedelta(minutes=5))
    person = registered(pages)
    address = {"event": "nf27", "reference": other.reference, "other": person.reference}
    page = sign_in_as("organiser", event).get("attendee_merges.merge", **address)
    assert ["Question cv", "Not provided", "My CV.pdf (1 kB) Take this one"] in [
        [cell.get_text(" ", strip=True) for cell in row.select("th, td")]
        for row in page.soup.select("tbody tr")
    ]
    assert f"Of two files the one that you choose answers for {other.reference}." in page.text
    page.submit(button="Merge the registrations", expect=303)
    [file] = kept()
    assert (file.registration_id, owners()) == (other.id, {other.id: file.key})
    token = write(links.issue, other, TokenPurpose.OWN_DATA, now=clock.now())
    pages.get("own_everything.enter", token=token).submit(expect=303)
    assert pages.get("own_everything.file", file_key=file.key).data == PDF


@pytest.mark.parametrize("is_replaced", [False, True], ids=["undone", "replaced before it is undone"])
def test_two_files_are_exchanged_by_a_merge_and_given_back_unless_one_is_replaced(event, is_replaced):
    kept_one, ended = (confirmed(event, "justice", email=f"{name}@example.org") for name in ("a", "b"))
    first, second = (answer_with_file(one) for one in (kept_one, ended))
    merge = write(uniting.unite, kept_one, ended, ["q-cv"], actor="user:1", now=NOW)
    assert owners() == {kept_one.id: second, ended.id: first}
    if is_replaced:
        third = answer_with_file(kept_one)
    write(separating.separate, merge, actor="user:1", now=NOW)
    expected = {kept_one.id: third} if is_replaced else {kept_one.id: first, ended.id: second}
    assert owners() == expected


def answer_with_file(person) -> str:
    """Let a person answer with a file of their own; return its key."""
    start_write(db.session)
    question = db.session.scalars(select(Question)).one()
    told = files.keep(question, "pdf", PDF, "cv.pdf", asked_from="a client", now=NOW)
    db.session.flush()
    given.store(person, {"cv": told}, now=NOW)
    db.session.commit()
    return told["key"]


def owners() -> dict[int, str]:
    """Return the key of each stored file by its registration's id; check that the person's answer names the file."""
    stored = {file.registration_id: file.key for file in kept()}
    answered = {answer.registration_id: answer.value["key"] for answer in db.session.scalars(select(Answer))}
    assert answered == stored
    return stored


def test_picture_is_made_anew_without_what_it_said_about_its_place(pages):
    picture, out = Image.new("RGB", (640, 480), (90, 120, 150)), BytesIO()
    exif = Image.Exif()
    exif[0x010E] = "at home"
    picture.save(out, "JPEG", exif=exif)
    send(pages, out.getvalue() + HTML, name="home.png")
    [file] = kept()
    made = Image.open(BytesIO(file.content))
    assert (made.format, made.size, len(made.getexif())) == ("JPEG", (640, 480), 0)
    assert b"script" not in file.content


@pytest.mark.parametrize(
    ("sent", "expected"),
    [
        ("CV.PDF", "CV.pdf"),
        ("../../etc/passwd", "passwd.pdf"),
        ("C:\\Users\\Kim\\cv.exe", "cv.pdf"),
        ("cv\x00.pdf.exe", "cv.pdf.pdf"),
        ("\u202efdp.exe", "fdp.pdf"),
        ('a"b\r\nX: y;.pdf', "a b X y.pdf"),
        (".htaccess", "htaccess.pdf"),
        ("å" * 300 + ".pdf", "å" * 60 + ".pdf"),
        ("...", "file.pdf"),
        ("", "file.pdf"),
        ("19121212-1212.pdf", "file.pdf"),
    ],
)
def test_name_is_cleaned_and_ends_with_its_type(sent, expected):
    assert files.clean_name(sent, files.FileType.PDF) == expected


def test_one_client_cannot_fill_the_disk_and_is_told_so(pages, monkeypatch):
    monkeypatch.setattr(files, "MOST_OF_CLIENT", 5 * len(PDF))
    for _number in range(5):
        send(pages)
    page = send(pages, expect=422)
    assert page.errors["q-cv"].startswith("Too many files have come from your network")
    assert len(kept()) == 5
    clock.freeze(NOW + timedelta(days=1))
    assert write(forgetting.forget_unsent_files, now=clock.now()) == 5
    send(pages)
    assert len(kept()) == 1


def test_forms_that_nobody_confirms_count_for_their_client(pages, monkeypatch):
    """Files of unconfirmed forms count for their client: else one client could use up the limit for all."""
    monkeypatch.setattr(files, "MOST_OF_CLIENT", 2 * len(PDF))
    for number in range(2):
        send(pages, email=f"nobody@example{number}.org")
        pages.get("registration.check", sector="justice").submit(button="Register")
    page = send(pages, email="somebody@example.org", expect=422)
    assert page.errors["q-cv"].startswith("Too many files have come from your network")
    assert [file.registration_id is not None for file in kept()] == [True, True]


def test_all_clients_together_cannot_fill_the_disk(pages, monkeypatch):
    monkeypatch.setattr(files, "MOST_OF_ALL", len(PDF))
    send(pages)
    page = send(pages, expect=422)
    assert page.errors["q-cv"] == "We cannot take more files just now. Try again in some hours."


def test_hundred_files_of_one_client_in_an_hour_are_not_all_taken(pages):
    form = pages.get("registration.details", sector="justice").form()
    for _number in range(40):
        form.submit(ANSWERS, files={"q-cv-file": PDF}, expect=303)
    page = form.submit(ANSWERS, files={"q-cv-file": PDF}, expect=422)
    assert page.errors["q-cv"].startswith("Too many files have come from your network within an hour")
    assert len(kept()) == 40


def test_file_waits_with_its_registration_for_the_link_and_goes_with_it(pages):
    send(pages)
    pages.get("registration.check", sector="justice").submit(button="Register")
    [file] = kept()
    assert file.registration_id is not None
    clock.freeze(NOW + timedelta(hours=30))
    assert write(forgetting.forget_unsent_files, now=clock.now()) == 0
    write(lambda: [setattr(mail, "sent_at", NOW) for mail in mails(db.session, "received")])
    clock.freeze(NOW + timedelta(days=3))
    write(expire_due, now=clock.now())
    clock.freeze(NOW + timedelta(days=5))
    write(forgetting.forget_unconfirmed, now=clock.now())
    assert kept() == []


def test_file_that_was_kept_for_too_long_is_asked_for_again(pages):
    page = send(pages, given_name="", expect=422)
    clock.freeze(NOW + timedelta(days=1, seconds=1))
    again = page.submit({"given_name": "Kim"}, expect=422)
    assert again.errors == {
        "q-cv": "We keep a file for a day before the form is sent, and that day is over. Choose it again."
    }
    assert "Chosen:" not in again.text


def test_forged_text_and_a_file_of_another_person_or_question_are_no_answer(pages, event):
    other = confirmed(event, "justice", given={})
    proof = make_question(event, "proof", QuestionKind.FILE, **FILE_RULES)
    person = registered(pages)
    told = stored(person)["cv"]
    pages.get("self_service.change").submit({"q-cv": "x"}, expect=303)
    assert (stored(person), kept()) == ({}, [])
    start_write(db.session)
    assert files.settle(other.id, [proof], {"proof": told}) == {}
    db.session.rollback()
    page = send(pages, given_name="", expect=422)
    forged = page.form().data["q-cv"][0]
    again = page.submit({"q-cv": "", "q-proof": forged, "given_name": "Kim"}, expect=422)
    assert list(again.errors) == ["q-proof"]


def test_answer_does_not_take_the_file_of_another_registration(pages, event):
    person = registered(pages)
    other = confirmed(event, "justice")
    told = stored(person)["cv"]
    write(given.store, other, {"cv": told}, now=NOW)
    assert (stored(other), stored(person)) == ({}, {"cv": told})
    assert kept()[0].registration_id == person.id


def test_file_of_another_event_or_person_is_a_404(app, pages, sign_in_as, event):
    person, other = registered(pages), confirmed(event, "justice")
    [file] = kept()
    make_archive()
    organiser = sign_in_as("organiser", event)
    known = {"reference": person.reference, "file_key": file.key}
    organiser.get("attendee_files.download", event="nf16", **known, expect=404)
    organiser.get(
        "attendee_files.download", event="nf27", reference=other.reference, file_key=file.key, expect=404
    )
    organiser.get(
        "attendee_files.download", event="nf27", reference=person.reference, file_key="0" * 32, expect=404
    )
    sign_in_as("care", event).get("attendee_files.download", event="nf27", **known, expect=404)
    Pages(app).get("self_service.file", file_key=file.key, expect=404)


def test_file_before_the_address_is_confirmed_is_given_to_nobody(pages, sign_in_as, event):
    send(pages)
    pages.get("registration.check", sector="justice").submit(button="Register")
    [file], [person] = kept(), list(db.session.scalars(select(Registration)))
    shown = sign_in_as("organiser", event).get("attendees.show", event="nf27", reference=person.reference)
    assert "My CV.pdf (1 kB)" in shown.text
    assert "My CV.pdf (1 kB)" not in shown.links
    known = {"event": "nf27", "reference": person.reference, "file_key": file.key}
    sign_in_as("organiser", event).get("attendee_files.download", **known, expect=404)


def test_erasing_a_person_erases_the_file_and_own_data_tell_of_it(pages):
    person = registered(pages)
    [held] = hanging.tell(person)["answer_files"]
    assert (held["question"], held["file_type"], held["size"]) == ("cv", "pdf", len(PDF))
    assert "content" not in held
    write(erasing.erase, person, actor="command", now=NOW)
    assert kept() == []


def test_page_with_everything_gives_the_file(pages):
    registered(pages)
    [file] = kept()
    pages.get("own_everything.file", file_key=file.key, expect=404)
    pages.get("self_service.own_data_page").form("form[action$='/own-data/link']").submit(follow=True)
    opened = pages.open(link_in(mails(db.session, "own-data")[-1])).submit(follow=True)
    assert opened.follow("My CV.pdf (1 kB)").data == PDF


def test_second_form_for_an_unconfirmed_address_leaves_no_file_behind(pages):
    send(pages)
    pages.get("registration.check", sector="justice").submit(button="Register")
    link = link_in(mails(db.session, "received")[-1])
    send(pages, name="second.pdf")
    pages.get("registration.check", sector="justice").submit(button="Register")
    pages.open(link).submit(expect=303)
    [person] = list(db.session.scalars(select(Registration)))
    assert stored(person)["cv"]["name"] == "My CV.pdf"
    assert len(kept()) == 1


def test_organisers_form_leaves_a_file_as_it_is(pages, sign_in_as, event):
    make_question(event, "arrival")
    person = registered(pages)
    page = sign_in_as("organiser", event).get(
        "attendee_answers.change", event="nf27", reference=person.reference
    )
    assert page.form().names == ["q-cv-file", "q-cv-remove", "q-arrival", "words"]
    page.submit({"q-arrival": "By boat"}, button="Save", expect=303)
    assert (set(stored(person)), len(kept())) == ({"cv", "arrival"}, 1)


def test_organiser_asks_for_a_file_and_no_sensitive_question_does(sign_in_as, event):
    organiser = sign_in_as("organiser", event)
    page = organiser.get("questions.add", event="nf27", kind="file")
    told = {"label-sv": "Intyg", "label-en": "Certificate", "file_types": ["pdf"], "most_megabytes": "5"}
    refused = page.submit({**told, "file_types": None}, expect=422)
    assert refused.errors["file_types"] == "Choose which files people may send, and how large they may be"
    page.submit(told, forged={"sensitivity": "care"}, expect=422)
    page.submit(told, expect=303)
    [made] = list(db.session.scalars(select(Question).where(Question.key != "cv")))
    assert (made.file_types, made.most_megabytes, made.sensitivity) == (["pdf"], 5, "ordinary")
