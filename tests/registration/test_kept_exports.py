"""Exported lists that the worker makes and keeps for a day for whoever asked (P14, P08, P12, R12, R26, S13)."""

from datetime import timedelta
from functools import partial

import pytest
from flask import current_app
from flask_babel import force_locale
from sqlalchemy import delete, func, select, update

from forum import clock
from forum.accounts import management
from forum.accounts.enums import Role
from forum.accounts.models import Membership, User
from forum.audit.models import AuditEntry
from forum.audit.queries import EXPORT_FETCHED
from forum.commands import after_restore
from forum.events.queries import find_sector
from forum.extensions import db
from forum.imports import actions as imports
from forum.imports.models import AttendeeImport, ImportedPerson
from forum.jobs.table import JOBS
from forum.jobs.worker import run_job
from forum.people import notes
from forum.privacy import erasing, restricting
from forum.questions.enums import QuestionKind
from forum.questions.models import Answer
from forum.registration import (
    actions,
    by_hand,
    consents,
    exporting,
    forgetting,
    kept_exports,
    protection,
    readers,
)
from forum.registration.applicant import Details
from forum.registration.enums import ConsentPurpose, RestrictionKind, Status
from forum.registration.kept_export_models import KeptExport, KeptExportPart
from tests.factories.events import NOW
from tests.factories.questions import make_question
from tests.factories.registrations import confirmed, write
from tests.factories.saving import save
from tests.registration.test_exports import WHY, download, table
from tests.web.sheets import read_cells

HERE = {"event": "nf27"}
IMPORT = {"made_at": NOW, "people": 1, "sends_links": False, "headings": "", "columns": {}, "form_key": "k"}
DAHL = Details("Tove", "Dahl", "", "", "SE", "en", None)
BY_HAND = {"email": "", "reason": "Telefon", "may_wait": False, "actor": "command", "now": NOW}
MAKE = [job for job in JOBS if job.name == "make exports"]
FORGET = [job for job in JOBS if job.name == "forget exports"]


@pytest.fixture
def app(make_app, database_url):
    return make_app(database_url)


@pytest.fixture
def people(event):
    named = ("Åberg", "=1+1", "Øst", "Ŧ\u200bŋ", "Zzz")
    listed = [confirmed(event, family_name=name, phone="+46 8 123") for name in named]
    days = make_question(event, "arrival", QuestionKind.DATE)
    save(Answer(registration_id=listed[0].id, question_id=days.id, value="2027-05-03"))
    write(notes.set_tags, listed[1], ["vip"], actor="command", now=NOW)
    return listed


@pytest.fixture
def few_at_once(monkeypatch):
    monkeypatch.setattr(kept_exports, "ROWS_AT_ONCE", 2)
    monkeypatch.setattr(kept_exports, "STEPS_AT_ONCE", 1)


def work(jobs=MAKE) -> None:
    db.session.rollback()
    for job in jobs:
        run_job(job)


def prepare(pages, query="", **why):
    page = pages.get(f"/console/nf27/attendees/export{query}")
    return pages.get(page.submit({**WHY, "kept": "y", **why}).location)


def entries(action):
    return db.session.scalars(select(AuditEntry).where(AuditEntry.action == action)).all()


def kept():
    return db.session.scalars(select(KeptExport)).all()


def take(page, **more):
    return page.form("form[action$=take]").submit(**more)


@pytest.mark.parametrize(("purpose", "shape"), [("everything", "csv"), ("report", "csv"), ("groups", "xlsx")])
def test_prepared_file_is_the_file_that_is_given_at_once(organiser, people, few_at_once, purpose, shape):
    at_once = download(organiser, "?sort=-name", purpose=purpose, shape=shape)
    page = prepare(organiser, "?sort=-name", purpose=purpose, shape=shape)
    assert ("0 of 5 people" in page.text, page.soup.select("form[action$=take]")) == (True, [])
    counts = []
    while not kept()[0].ready_at:
        work()
        counts.append(kept()[0].done)
    assert counts == [2, 4, 5]
    (asked,) = [entry for entry in entries("registrations.exported") if "kept" not in entry.details.payload][
        1:
    ]
    assert (asked.details.payload["count"], asked.details.payload["purpose"]) == (5, purpose)
    given = take(organiser.get("kept_exports.index", **HERE), expect=200)
    assert given.data == at_once.data
    named = at_once.headers["Content-Disposition"].replace(f".{shape}", f"-{kept()[0].id}.{shape}")
    assert given.headers["Content-Disposition"] == named
    (fetched,) = entries("registrations.export_fetched")
    why = {"purpose": purpose, "recipient": "office", "shape": shape, "count": 5}
    assert fetched.details.payload == {**why, "sector": "", "asked": int(NOW.timestamp())}
    content = db.session.scalars(select(KeptExportPart.sealed_content)).all()
    assert not any(b"berg" in part for part in content)


def test_worker_that_is_killed_goes_on_where_it_was_and_half_a_file_is_given_to_nobody(
    organiser, people, few_at_once, monkeypatch
):
    page = prepare(organiser)
    number = kept()[0].id
    work()
    with monkeypatch.context() as broken:
        broken.setattr(KeptExportPart, "__init__", lambda *_given, **_named: 1 / 0)
        work()
    parts = select(func.count()).select_from(KeptExportPart).where(KeptExportPart.number >= 0)
    assert (kept()[0].done, db.session.scalar(parts)) == (2, 1)
    forged = page.form("form[action$=remove]").data | {"number": str(number)}
    refused = organiser.open("/console/nf27/exports/take", method="POST", data=forged, expect=303)
    assert "The file is not ready yet." in organiser.get(refused.location).text
    assert entries("registrations.export_fetched") == []
    work()
    work()
    names = [
        row["Family name"] for row in table(take(organiser.get("kept_exports.index", **HERE), expect=200))
    ]
    assert len(names) == len(set(names)) == 5


def test_nobody_else_sees_or_takes_it_and_not_under_another_event(sign_in_as, event, archive, people):
    mine, theirs = sign_in_as(), sign_in_as()
    prepare(mine)
    work()
    page = mine.get("kept_exports.index", **HERE)
    form = {"number": str(kept()[0].id)}
    assert "No file is being prepared" in theirs.get("kept_exports.index", **HERE).text
    for pages, slug in ((theirs, "nf27"), (mine, archive.slug)):
        token = pages.get("attendees.export", event=slug).form().data["csrf_token"]
        for act in ("take", "remove"):
            data = {**form, "csrf_token": token}
            answer = pages.open(f"/console/{slug}/exports/{act}", method="POST", data=data, expect=303)
            assert "The file is no longer there." in pages.get(answer.location).text
    assert len(table(take(page, expect=200))) == 5
    page.form("form[action$=remove]").submit()
    assert kept() == []


def test_whoever_may_no_longer_export_takes_no_prepared_file(sign_in_as, event, people):
    """A page that was open before gives no file to an organiser who lost the role or whose account was disabled."""
    pages = sign_in_as(event=event)
    prepare(pages)
    work()
    page, user_id = pages.get("kept_exports.index", **HERE), kept()[0].user_id
    for change in (update(Membership).values(role=Role.VIEWER), delete(Membership)):
        db.session.execute(change.where(Membership.user_id == user_id))
        db.session.commit()
        assert take(page, expect=404)
        assert pages.get("kept_exports.index", **HERE, expect=404)
    db.session.execute(update(User).where(User.id == user_id).values(active=False))
    db.session.commit()
    assert take(page, expect=303).location.startswith("/account/sign-in")
    assert entries(EXPORT_FETCHED) == []


def test_file_goes_after_a_day_and_an_organiser_has_five_at_most(organiser, people):
    for _time in range(kept_exports.MOST):
        prepare(organiser)
    first = [one.id for one in kept()]
    refused = prepare(organiser)
    assert "You have 5 prepared files, and no more are kept. Delete one of them" in refused.text
    assert ([one.id for one in kept()], len(entries("registrations.exported"))) == (first, 5)
    refused.form("form[action$=remove]").submit()
    prepare(organiser)
    clock.freeze(NOW + kept_exports.KEPT_FOR - timedelta(seconds=1))
    work(FORGET)
    assert len(kept()) == kept_exports.MOST
    clock.freeze(NOW + kept_exports.KEPT_FOR)
    work(FORGET)
    assert (kept(), db.session.scalars(select(KeptExportPart)).all()) == ([], [])


@pytest.mark.parametrize("how", ["erased", "restricted"])
def test_file_goes_with_a_person_in_it_and_no_other_does(organiser, people, how):
    prepare(organiser, "?q=berg")
    prepare(organiser, "?q=zzz")
    work()
    gone = people[0]
    if how == "erased":
        write(erasing.erase, gone, actor="command", now=NOW)
    else:
        request = write(restricting.ask, gone, RestrictionKind.RESTRICTION, "", now=NOW)
        write(restricting.grant, request, actor="command", now=NOW)
    assert [one.people for one in kept()] == [[people[4].id]]
    db.session.rollback()
    with db.engine.begin() as connection:
        after_restore.quiet(connection, NOW)
    assert kept() == []


def undo_import(event, person):
    made = AttendeeImport(**IMPORT, event_id=event.id, user_id=db.session.scalars(select(User.id)).first())
    save(made)
    save(ImportedPerson(registration_id=person.id, import_id=made.id, row_number=1, imported_at=NOW))
    write(imports.undo, made, event, actor="command", now=NOW)


def forget_unconfirmed(_event, person):
    person.move_to(Status.EXPIRED, now=NOW)
    person.holds_place, person.ended_at, person.confirmed_at = False, NOW, None
    assert forgetting.forget_unconfirmed(now=NOW + timedelta(days=1)) == 1


def rename(_event, person, name="family_name", value="Ny"):
    setattr(person, name, value)


CHANGES = {
    "import undone": undo_import,
    "forgotten unconfirmed": lambda *of: write(forget_unconfirmed, *of),
    **{
        name: partial(lambda attribute, *of: write(rename, *of, attribute), name)
        for name in kept_exports.ENDING
    },
}


def keep(event, *people):
    """Save an exported list of these people that the first user has asked for and that the worker has not made yet."""
    kept_list = KeptExport(
        event_id=event.id, user_id=db.session.scalars(select(User.id)).first(), language="en"
    )
    kept_list.purpose, kept_list.recipient, kept_list.shape = "door", "office", "csv"
    kept_list.columns, kept_list.headings, kept_list.asked_at = ["reference"], ["Reference"], NOW
    kept_list.people, kept_list.total = [person.id for person in people], len(people)
    save(kept_list)


def test_file_goes_with_whoever_is_deleted_or_named_otherwise(organiser, event, people):
    keep(event, people[4])
    for how in CHANGES:
        added = write(by_hand.add, event, find_sector(event, "justice"), DAHL, **BY_HAND)
        keep(event, people[0], added)
        CHANGES[how](event, added)
        assert (how, [one.people for one in kept()]) == (how, [[people[4].id]])


def test_files_tell_nobody_who_took_protection(organiser, event, people):
    for person in people:
        keep(event, person)
    for person in people[:2]:
        write(protection.record, person, is_protected=True, real_name="Åberg", now=NOW)
    assert len(kept()) == 5
    for renamed in (people[0], people[2]):
        write(rename, event, renamed)
    # A protected and an unprotected person were renamed: the files of these two are gone, and no others.
    assert sorted(one.people[0] for one in kept()) == [people[1].id, people[3].id, people[4].id]


def test_file_with_nobody_in_it_is_ready_at_once(organiser, people):
    page = prepare(organiser, "?q=nobody")
    assert (page.soup.select("progress"), table(take(page, expect=200))) == ([], [])
    assert page.flashes == ["The file is ready."]
    assert "See how far it has come" not in page.text
    assert "See how far it has come" in prepare(organiser).text


def test_prepared_files_are_told_apart_without_the_words_of_a_search(organiser, people):
    prepare(organiser, "?sector=justice&country=SE&q=berg", shape="xlsx", recipient="co_organiser")
    work()
    page = organiser.get("kept_exports.index", **HERE)
    assert "A co-organiser · Excel file (XLSX) · number 1" in page.text
    assert "Sector: Justice · Country: Sweden" in page.text
    about = read_cells(take(page, expect=200).data, sheet=2)
    assert [("inlineStr", "Filters"), ("inlineStr", "Sector: Justice · Country: Sweden")] in about
    assert "berg" not in page.text
    assert prepare(organiser).text.count("number 2") == 1


def test_long_file_is_always_prepared_and_paper_never(organiser, people, monkeypatch):
    monkeypatch.setattr(exporting, "MOST_AT_ONCE", 4)
    page = organiser.get("attendees.export", **HERE)
    assert page.submit(WHY).location == "/console/nf27/exports/"
    assert page.submit({**WHY, "shape": "paper"}, expect=200).all("tfoot td")
    assert set(page.submit({**WHY, "shape": "paper", "kept": "y"}, expect=422).errors) == {"kept"}
    assert len(kept()) == 1


def test_files_end_with_the_account_that_asked_for_them(organiser, event, people):
    """Disabling an account ends its files, finished or not; the worker ends a file asked for at that moment."""
    prepare(organiser)
    work()
    prepare(organiser)
    asker = kept()[0].maker
    write(management.disable, asker, actor="command", now=NOW)
    assert (kept(), db.session.scalars(select(KeptExportPart)).all()) == ([], [])
    asker_id = db.session.scalars(select(User.id)).first()
    keep(event, people[0])
    assert [one.user_id for one in kept()] == [asker_id]
    work()
    assert kept() == []


def test_file_that_shows_a_consent_ends_when_it_is_taken_back(organiser, event):
    photographed = confirmed(event, family_name="Foto", consents={ConsentPurpose.PHOTOGRAPHS})
    for purpose in ("badges", "door"):
        prepare(organiser, purpose=purpose)
    work()
    write(consents.withdraw, photographed, ConsentPurpose.PHOTOGRAPHS, now=NOW)
    assert [one.purpose for one in kept()] == ["door"]


def test_file_says_what_it_was_when_it_was_asked_for_and_a_cancellation_leaves_it(organiser, event, people):
    prepare(organiser)
    work()
    write(actions.cancel, people[0], actor="person", now=NOW)
    page = organiser.get("kept_exports.index", **HERE)
    assert "Everything else is as it was when the file was asked for" in page.text
    assert {row["Status"] for row in table(take(page, expect=200))} == {"Confirmed"}


def test_person_reads_of_a_prepared_file_that_was_taken_and_of_no_other(
    organiser, sign_in_as, event, people, time
):
    """A person is told of no file for another sector, and of none prepared before the person registered (P18)."""
    prepare(organiser, "?sector=ngo", purpose="door")
    prepare(organiser, purpose="contact")
    work()
    time.forward(minutes=1)
    late = confirmed(event, family_name="Sen", now=clock.now())
    page = organiser.get("kept_exports.index", **HERE)
    for form in page.soup.select("form[action$=take]"):
        number = form.select_one("[name=number]")["value"]
        page.form(f"form[action$=take]:has([value='{number}'])").submit(expect=200)

    def read(person):
        return [reading.what for reading in readers.list_readings(person)]

    asked = "Exported a list: Contact with those registered. For: Our own office"
    with current_app.test_request_context(), force_locale("en"):
        assert read(people[0]) == [asked, "Downloaded a prepared file: Contact with those registered"]
        assert read(late) == []
    admin = sign_in_as(Role.ADMIN, event)
    told = {
        person: admin.get("log.index", **HERE, kind="exports", reference=person.reference).text
        for person in (people[0], late)
    }
    assert [text.count("Downloaded a prepared file") for text in told.values()] == [1, 0]


def test_files_end_with_the_last_role_that_exports_the_list_of_their_event(
    sign_in_as, event, archive, people
):
    prepare(sign_in_as(Role.REGISTRAR, event))
    (mine,) = kept()
    user, told = mine.maker, {"actor": "command", "now": NOW}
    write(management.give_role, user, Role.ORGANISER, event_id=None, **told)
    write(management.give_role, user, Role.REGISTRAR, event_id=archive.id, **told)
    for role, scope, left in (
        (Role.REGISTRAR, archive.id, 1),
        (Role.REGISTRAR, event.id, 1),
        (Role.ORGANISER, None, 0),
    ):
        write(management.take_role, user, role, event_id=scope, **told)
        assert (role, scope, len(kept())) == (role, scope, left)
    write(management.give_role, user, Role.REGISTRAR, event_id=event.id, **told)
    keep(event, people[0])
    write(management.take_role, user, Role.REGISTRAR, event_id=event.id, **told)
    assert kept() == []
