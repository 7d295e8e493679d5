"""The log's filter names only organisers of shown entries, and no missing entry reveals who is protected (P18, P21)."""

from datetime import timedelta

import pytest
from sqlalchemy import delete, func, select

from forum import clock
from forum.accounts import management
from forum.accounts.enums import Role
from forum.accounts.models import Membership
from forum.audit import queries as audit_queries
from forum.audit.models import AuditEntry
from forum.console import log_reading
from forum.extensions import db
from forum.imports import actions as imports
from forum.imports import kept_tables, tables
from forum.imports.models import AttendeeImport, ImportedPerson
from forum.privacy import erasing
from forum.registration import protection
from forum.registration.models import Registration
from tests.console.test_log import LOG, newest_user, note, rows
from tests.factories.events import NOW, make_event, make_sector
from tests.factories.registrations import confirmed, write
from tests.imports.test_imports import KIM, TABLE, sent
from tests.imports.test_long_tables import checked, work
from tests.reveals.test_telephone import FILLED, SEALED, added_by, ask
from tools.organisers import make_user

EVA = KIM.replace("Kim;Ek;kim", "Eva;Ek;eva").replace("123", "124")


@pytest.fixture
def app(make_app, database_url):
    return make_app(database_url)


@pytest.fixture
def event(database):
    clock.freeze(NOW)
    return make_event(sectors=[make_sector("ngo"), make_sector("it")])


def choices(page):
    """Return the organisers whom the filter "who acted" offers, as {number: name}, and the chosen values."""
    options = page.soup.select("select[name=who] option")
    chosen = [option["value"] for option in options if option.has_attr("selected")]
    return {int(one["value"]): one.get_text() for one in options if one["value"].isdecimal()}, chosen


def test_filter_by_who_acted_names_nobody_whom_the_rows_do_not(sign_in_as, event):
    person = confirmed(event, "ngo")
    archive = make_event(slug="nf26", is_current=False)
    foreign = make_user(Role.ORGANISER, archive, name="Foreign Person")
    handler = make_user(Role.PROTECTED_HANDLER, event, name="Hanna Handler")
    actor = make_user(Role.ORGANISER, event, name="Olle Organiser")
    note("registration.tagged", person, actor=f"user:{actor.id}")
    pages = sign_in_as(Role.ORGANISER, event)
    assert choices(pages.get(LOG, event="nf27"))[0] == {actor.id: actor.name}
    for asked in (foreign, handler):
        shown = choices(pages.get(LOG, event="nf27", who=asked.id))
        assert shown == ({asked.id: "by an organiser"}, [str(asked.id)])
    assert choices(pages.get(LOG, event="nf27", who=actor.id)) == ({actor.id: actor.name}, [str(actor.id)])
    admin = sign_in_as(Role.ADMIN, event)
    named = choices(admin.get(LOG, event="nf27", who=foreign.id))[0]
    assert (named[foreign.id], named[handler.id]) == ("by an organiser", handler.name)


def test_filter_does_not_name_the_handler_who_added_a_protected_person(sign_in_as, event):
    pages = sign_in_as(Role.PROTECTED_HANDLER, event)
    handler = newest_user()
    added = added_by(ask(pages), {**FILLED, **SEALED})
    write(db.session.execute, delete(Membership).where(Membership.user_id == handler.id))
    for role in (Role.ORGANISER, Role.ADMIN):
        page = sign_in_as(role, event).get(LOG, event="nf27", reference=added.reference)
        assert rows(page)
        assert handler.id not in choices(page)[0]


def test_no_view_and_no_missing_view_tells_who_is_protected(sign_in_as, event):
    """The log hides views of people added by hand one by one, and views by organisers who are only handlers."""
    organiser, handler = make_user(Role.ORGANISER, event), make_user(Role.PROTECTED_HANDLER, event)
    added = added_by(ask(sign_in_as(Role.PROTECTED_HANDLER, event)), {**FILLED, **SEALED})
    person = confirmed(event, "ngo")
    for user in (organiser, handler):
        for one in (added, person):
            note(audit_queries.REGISTRATION_VIEWED, one, actor=f"user:{user.id}")
    pages = sign_in_as(Role.ADMIN, event)
    shown = [
        rows(pages.get(LOG, event="nf27", kind="views", reference=one.reference)) for one in (added, person)
    ]
    assert [[who for who, _what, _about in views] for views in shown] == [[], [organiser.name]]


def test_page_begins_beside_a_hidden_entry_as_beside_any_other(sign_in_as, event, monkeypatch):
    monkeypatch.setattr(log_reading, "PAGE_SIZE", 2)
    person = confirmed(event, "ngo")
    pages = sign_in_as(Role.ORGANISER, event)
    first = last_number() + 1
    for number, action in enumerate(
        ("registration.tagged", "identity.asked", "event.changed", "event.changed")
    ):
        note(action, event if action == "event.changed" else person, at=NOW + timedelta(minutes=number))
    for number, what in (
        (first + 2, "Tags changed"),
        (first + 1, "Tags changed"),
        (first, "Place confirmed"),
    ):
        page = pages.get(LOG, event="nf27", after=number)
        assert (rows(page)[0][1], "Newer" in page.links) == (what, True)


def last_number():
    return db.session.scalars(select(func.max(AuditEntry.id))).one()


def views_of(pages, *people):
    """Return who has viewed each of these people, as the log of the event tells it."""
    pages_of = [pages.get(LOG, event="nf27", kind="views", reference=one.reference) for one in people]
    return [[who for who, what, _about in rows(page) if what.startswith("Viewed")] for page in pages_of]


def test_views_of_imported_people_are_told_alike_whether_they_are_protected_or_not(sign_in_as, event):
    """An import adds people by the rules of adding by hand, but no handler adds anybody by an import (P18, P21)."""
    pages = sign_in_as(Role.REGISTRAR, event)
    registrar = newest_user()
    shown = sent(pages.get("imports.new", event="nf27"), TABLE + KIM + EVA)
    shown.submit(button="Import 2 people", expect=303)
    protected, twin = db.session.scalars(select(Registration).order_by(Registration.id))
    write(protection.record, protected, is_protected=True, real_name="Real", now=NOW)
    handler_pages = sign_in_as(Role.PROTECTED_HANDLER, event)
    asked = handler_pages.get("reveals.reveal", event="nf27", reference=protected.reference)
    asked.submit({"reason": "The police have called."}, expect=200)
    by_handler = added_by(ask(sign_in_as(Role.PROTECTED_HANDLER, event)), {**FILLED, **SEALED})
    for one in (protected, twin, by_handler):
        seen = {"actor": f"user:{registrar.id}", "at": NOW + timedelta(minutes=1)}
        note(audit_queries.REGISTRATION_VIEWED, one, **seen)
        note(audit_queries.FILE_DOWNLOADED, one, **seen)
    admin = sign_in_as(Role.ADMIN, event)
    assert views_of(admin, protected, twin, by_handler) == [[registrar.name], [registrar.name], []]
    each = [
        [row[:2] for row in rows(admin.get(LOG, event="nf27", reference=one.reference))]
        for one in (protected, twin)
    ]
    assert each[0] == each[1]
    # The log does not tell which organiser has imported a person.
    received = {(who, what) for who, what in each[0] if what.startswith("Registration received")}
    assert received == {("by an organiser", "Registration received · Added by an import")}
    alone = [
        what for _who, what, _about in rows(admin.get(LOG, event="nf27", reference=by_handler.reference))
    ]
    assert "Registration received · Added by hand" in alone
    timelines = [
        admin.get("attendees.show", event="nf27", reference=one.reference).all(".timeline-detail")
        for one in (protected, twin, by_handler)
    ]
    assert ["Added by an import" in told for told in timelines] == [True, True, False]
    assert ["Added by hand" in told for told in timelines] == [False, False, True]


def import_two(pages):
    """Import two people through the pages, and let the worker import them if the table is a long one."""
    asked, table = pages.get("imports.new", event="nf27"), TABLE + KIM + EVA
    shown = checked(pages, asked, table) if tables.MOST == 1 else sent(asked, table)
    shown.submit(button="Import 2 people", expect=303)
    clock.freeze(NOW + timedelta(minutes=3))
    work()
    return db.session.scalars(select(Registration).order_by(Registration.id)).all()


def undo(people):
    made = db.session.scalars(select(AttendeeImport)).one()
    write(imports.undo, made, made.event, actor="command", now=clock.now())


def erase(people):
    for person in people:
        write(erasing.erase, person, actor="command", now=clock.now())


@pytest.mark.parametrize("longest", [1, 200], ids=["long", "short"])
@pytest.mark.parametrize("end", [undo, erase])
def test_views_of_imported_people_stay_when_their_rows_are_gone(sign_in_as, event, monkeypatch, end, longest):
    """The audit trail tells when people were imported, even when the import was undone or they were erased (P21)."""
    monkeypatch.setattr(tables, "MOST", longest)
    monkeypatch.setattr(kept_tables, "PART", 1)
    protected, twin = import_two(sign_in_as(Role.REGISTRAR, event))
    registrar = newest_user()
    write(protection.record, protected, is_protected=True, real_name="Real", now=NOW)
    by_handler = added_by(ask(sign_in_as(Role.PROTECTED_HANDLER, event)), {**FILLED, **SEALED})
    clock.freeze(NOW + timedelta(minutes=4))
    for one in (protected, twin, by_handler):
        note(audit_queries.REGISTRATION_VIEWED, one, actor=f"user:{registrar.id}", at=clock.now())
    end([protected, twin])
    erase([by_handler])
    assert db.session.scalars(select(ImportedPerson.import_id)).all() == []
    shown = rows(sign_in_as(Role.ADMIN, event).get(LOG, event="nf27", kind="views"))
    views = [row for row in shown if row[1].startswith("Viewed")]
    assert views == [(registrar.name, "Viewed by an organiser", "No longer stored")] * 2
    everything = rows(sign_in_as(Role.ADMIN, event).get(LOG, event="nf27"))
    received = [what for _who, what, _about in everything if what.startswith("Registration received")]
    assert len(received) == 3
    assert received.count("Registration received · Added by an import") == (2 if end is undo else 0)
    assert "Registration received · Added by hand" not in received


def test_views_by_a_dismissed_colleague_stay_and_those_by_a_former_handler_do_not(sign_in_as, event):
    """A handler's look-up may be recorded as a view, so the roles count that somebody had at the time of the view."""
    person, admin = confirmed(event, "ngo"), make_user(Role.ADMIN, event)
    by, here = {"actor": f"user:{admin.id}", "now": NOW}, {"event_id": event.id}
    reader, handler, both, later = (
        make_user(None, name=name) for name in ("Reader", "Handler", "Both", "Later")
    )
    given = {
        reader: (Role.REGISTRAR,),
        handler: (Role.PROTECTED_HANDLER,),
        both: (Role.PROTECTED_HANDLER, Role.REVIEWER),
        later: (Role.PROTECTED_HANDLER,),
    }
    for user, roles in given.items():
        for role in roles:
            write(management.give_role, user, role, **here, **by)
    for user in given:
        note(audit_queries.REGISTRATION_VIEWED, person, actor=f"user:{user.id}")
    write(management.give_role, later, Role.REGISTRAR, **here, **by)
    for user, roles in given.items():
        for role in (*roles, Role.REGISTRAR):
            write(management.take_role, user, role, **here, **by)
    assert db.session.scalars(select(Membership.user_id)).all() == [admin.id]
    pages = sign_in_as(Role.ADMIN, event)
    assert views_of(pages, person) == [["Both", "Reader"]]
    handling = sign_in_as(Role.ADMIN, event)
    write(management.give_role, newest_user(), Role.PROTECTED_HANDLER, signs_out=False, **here, **by)
    assert views_of(handling, person) == [["Later", "Both", "Handler", "Reader"]]


def test_views_by_a_former_handler_of_another_event_stay(sign_in_as, event):
    person, elsewhere = confirmed(event, "ngo"), make_event(slug="nf26", is_current=False)
    user = make_user(None, name="Reader")
    by = {"actor": "command", "now": NOW}
    for role, there in ((Role.PROTECTED_HANDLER, elsewhere), (Role.VIEWER, event)):
        write(management.give_role, user, role, event_id=there.id, **by)
    note(audit_queries.REGISTRATION_VIEWED, person, actor=f"user:{user.id}")
    for role, there in ((Role.PROTECTED_HANDLER, elsewhere), (Role.VIEWER, event)):
        write(management.take_role, user, role, event_id=there.id, **by)
    assert views_of(sign_in_as(Role.ADMIN, event), person) == [["Reader"]]
