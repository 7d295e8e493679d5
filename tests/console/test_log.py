"""The console's log shows who did, saw or exported what, and about which people, between two days (P18, S46)."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from forum import clock
from forum.accounts.enums import Role
from forum.accounts.models import Membership, User
from forum.audit import actions as audit
from forum.audit import queries as audit_queries
from forum.console import log_reading
from forum.database import start_write
from forum.events.queries import find_sector
from forum.extensions import db
from forum.registration import by_hand
from forum.registration.applicant import Details
from tests.factories.events import NOW, make_event, make_sector
from tests.factories.registrations import confirmed

LOG = "log.index"
DETAILS = Details("Kim", "Minister", "The ministry", "", "SE", "en", None)


@pytest.fixture
def app(make_app, database_url):
    """Give an app on each kind of database: each has indexes and SQL conditions of its own for the log."""
    return make_app(database_url)


@pytest.fixture
def event(database):
    return make_event(sectors=[make_sector("ngo"), make_sector("it")])


def note(action, subject, actor="user:1", at=NOW, **details):
    start_write(db.session)
    audit.record(action, subject, actor=actor, at=at, **details)
    db.session.commit()


def rows(page):
    """Return the texts in the cells of each row of the log, the newest entry first."""
    return [
        tuple(" ".join(cell.get_text(" ").split()) for cell in row.select("td"))
        for row in page.soup.select("tbody tr")
    ]


def whats(page):
    return [what for _who, what, _about in rows(page)]


def test_admin_reads_who_saw_and_exported_a_person_between_two_days(sign_in_as, event):
    person, other = confirmed(event, "ngo"), confirmed(event, "it")
    exported = {"sector": "ngo", "status": "", "purpose": "door", "recipient": "office", "count": 1}
    exported["columns"] = "tags answer-days"
    for days in (1, 2, 3):
        at = NOW + timedelta(days=days)
        note(audit_queries.REGISTRATION_VIEWED, person, at=at)
        note(audit_queries.REGISTRATION_VIEWED, other, at=at)
        note(audit_queries.REGISTRATIONS_EXPORTED, event, at=at, **exported)
        note(audit_queries.REGISTRATIONS_EXPORTED, event, at=at, **exported | {"sector": "it"})
        note(audit_queries.WAITING_LIST_VIEWED, event, at=at)
        note(audit_queries.CARE_ANSWERS_VIEWED, event, at=at)
    clock.freeze(NOW + timedelta(days=4))
    pages = sign_in_as(Role.ADMIN, event, at=NOW + timedelta(days=4))
    shown = pages.get("attendees.show", event="nf27", reference=person.reference)
    link = shown.links["Who has seen or exported this person"]
    day = (NOW + timedelta(days=2)).date().isoformat()
    page = pages.get(f"{link}&since={day}&until={day}")
    assert [(what, about) for _who, what, about in rows(page)] == [
        ("Looked at the list of who needs what food and access", ""),
        (
            "Exported a list: List for the door. For: Our own office · Registrations: 1 · Columns: Tags, days",
            "",
        ),
        ("Viewed by an organiser", person.reference),
    ]
    assert whats(pages.get(f"{link}&since={day}&until={day}&kind=exports")) == [
        "Exported a list: List for the door. For: Our own office · Registrations: 1 · Columns: Tags, days"
    ]


def test_organiser_reads_acts_only_and_an_admin_also_that_the_log_was_read(sign_in_as, event):
    person = confirmed(event, "ngo")
    note(audit_queries.REGISTRATION_VIEWED, person)
    note(audit_queries.REGISTRATIONS_SEARCHED, event)
    organiser = sign_in_as(Role.ORGANISER, event)
    page = organiser.get(LOG, event="nf27")
    assert whats(page)[:2] == ["Place confirmed", "Address confirmed"]
    assert not [what for what in whats(page) if what.startswith(("Viewed", "Searched", "Looked"))]
    assert organiser.get(LOG, event="nf27", kind="views", expect=404)
    assert whats(sign_in_as(Role.ADMIN, event).get(LOG, event="nf27", kind="views")) == [
        "Looked at the log",
        "Searched the attendees",
        "Viewed by an organiser",
    ]


def test_an_admin_reads_that_an_entry_stands_for_several_views(sign_in_as, event):
    person = confirmed(event, "ngo")
    note(audit_queries.REGISTRATION_VIEWED, person, times=2)
    page = sign_in_as(Role.ADMIN, event).get(LOG, event="nf27", kind="views")
    assert whats(page)[-1] == "Viewed by an organiser · At least 2 times"


def test_an_admin_reads_people_of_which_sectors_were_looked_at(sign_in_as, event):
    """An entry names the sectors of the list that was looked at; a sector that is gone since is named by its key."""
    for sectors in ("", "ngo", "it ngo", "gone"):
        note(audit_queries.ATTENDEES_VIEWED, event, sector=sectors)
    page = sign_in_as(Role.ADMIN, event).get(LOG, event="nf27", kind="views")
    ngo, it = (find_sector(event, key).name.in_language("en") for key in ("ngo", "it"))
    told = ["gone", f"{it}, {ngo}", ngo, "All sectors"]
    assert whats(page) == [f"Looked at a list of people · {sectors}" for sectors in told]
    assert {about for _who, _what, about in rows(page)} == {""}


def newest_user():
    return db.session.scalars(select(User).order_by(User.id.desc()).limit(1)).one()


def test_nobody_but_handlers_reads_of_look_ups_or_of_who_added_somebody_by_hand(sign_in_as, event):
    looked_up, twin = confirmed(event, "ngo"), confirmed(event, "ngo")
    handler_pages = sign_in_as(Role.PROTECTED_HANDLER, event)
    handler = newest_user()
    asked = handler_pages.get("reveals.reveal", event="nf27", reference=looked_up.reference)
    asked.submit({"reason": "The police have called."}, expect=200)
    start_write(db.session)
    adding = {"reason": "Called.", "may_wait": True, "actor": f"user:{handler.id}", "now": NOW}
    added = by_hand.add(
        event, find_sector(event, "ngo"), DETAILS, identity=by_hand.Identity("Real"), **adding
    )
    db.session.commit()
    seen_at = NOW + timedelta(minutes=1)
    note(audit_queries.REGISTRATION_VIEWED, added, actor=f"user:{handler.id}", at=seen_at)
    pages = sign_in_as(Role.ADMIN, event)
    admin = newest_user()
    page = pages.get(LOG, event="nf27")
    told = [(who, what) for who, what, about in rows(page) if about == added.reference]
    assert told == [
        ("by an organiser", what)
        for what in ("Place confirmed", "Note added", "Registration received · Added by hand")
    ]
    assert handler.name not in str(page.soup.select_one("tbody"))
    assert rows(pages.get(LOG, event="nf27", who=handler.id)) == []
    each = [
        [row[:2] for row in rows(pages.get(LOG, event="nf27", reference=one.reference))]
        for one in (looked_up, twin)
    ]
    assert each[0] == each[1]
    start_write(db.session)
    db.session.add(Membership(user_id=admin.id, role=Role.PROTECTED_HANDLER, event_id=event.id))
    db.session.commit()
    assert whats(pages.get(LOG, event="nf27", who=handler.id)) == [
        "Viewed by an organiser",
        "Looked up a protected identity",
        "Opened the page that looks up a protected identity",
    ]


def test_log_is_paged_in_as_many_statements_however_long_it_is(sign_in_as, event, monkeypatch):
    monkeypatch.setattr(log_reading, "PAGE_SIZE", 5)
    person, elsewhere = (
        confirmed(event, "ngo"),
        make_event(slug="nf26", is_current=False, sectors=[make_sector("ngo")]),
    )
    note("event.changed", elsewhere, fields=[])
    pages = sign_in_as(Role.ADMIN, event)
    # Only the 1st, 2nd and 4th view of an hour get an audit entry, so the views that this test measures get none.
    for _view in range(4):
        pages.get(LOG, event="nf27")
    short = pages.get(LOG, event="nf27")
    for number in range(7):
        note("event.changed" if number % 2 else "registration.tagged", event if number % 2 else person)
    long = pages.get(LOG, event="nf27")
    assert (len(long.statements), len(rows(long))) == (len(short.statements), log_reading.PAGE_SIZE)
    older = pages.get(long.links["Older"])
    everything = whats(long) + whats(older)
    assert (everything.count("Settings changed"), everything.count("Tags changed")) == (3, 4)
    assert whats(pages.get(older.links["Newer"])) == whats(long)


def test_log_of_the_site_has_sign_ins_and_is_for_admins_of_all_events(sign_in_as, event):
    sign_in_as(Role.ADMIN, event).get("log.site", expect=404)
    pages, user = sign_in_as(Role.ADMIN), newest_user()
    note("account.signed_in", user, actor=f"user:{user.id}")
    page = pages.get(LOG, event="nf27").follow("Log of the site")
    assert rows(page) == [(user.name, "Signed in", user.name)]
    assert rows(pages.get("log.site", kind="views")) == [(user.name, "Looked at the log", user.name)]


def test_filter_that_does_not_exist_is_not_found(sign_in_as, event):
    pages = sign_in_as(Role.ADMIN, event)
    for query in ({"kind": "sign-ins"}, {"kind": "x"}, {"who": "²"}, {"who": "nobody"}):
        pages.get(LOG, event="nf27", expect=404, **query)


def test_day_that_is_none_is_named(sign_in_as, event):
    page = sign_in_as(Role.ADMIN, event).get(LOG, event="nf27", since="yesterday", until="9999-12-31")
    assert "“yesterday” is not a day." in page.text
    assert "“9999-12-31” is not a day." in page.text


def test_export_of_the_log_needs_a_purpose_and_is_itself_in_the_log(sign_in_as, event):
    person = confirmed(event, "ngo")
    note(audit_queries.REGISTRATION_VIEWED, person)
    pages = sign_in_as(Role.ADMIN, event)
    asked = pages.get("log.export", event="nf27", kind="views", reference=person.reference)
    assert asked.submit({}, expect=422).errors.keys() == {"purpose", "recipient"}
    file = asked.submit({"purpose": "breach", "recipient": "authority"}, expect=200)
    lines = [line.split(";") for line in file.data.decode("utf-8-sig").splitlines()]
    assert [line[2:] for line in lines] == [
        ['"What"', '"About"'],
        ['"Viewed by an organiser"', f'"{person.reference}"'],
    ]
    assert whats(pages.get(LOG, event="nf27", kind="exports")) == [
        "Exported the log: Looking into a possible breach. For: An authority that is entitled to it by law"
    ]
