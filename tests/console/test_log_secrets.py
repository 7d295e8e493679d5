"""The log's filter names only organisers of shown entries, and no missing entry reveals who is protected (P18, P21)."""

from datetime import timedelta

import pytest
from sqlalchemy import delete, func, select

from forum import clock
from forum.accounts.enums import Role
from forum.accounts.models import Membership
from forum.audit import queries as audit_queries
from forum.audit.models import AuditEntry
from forum.console import log_reading
from forum.extensions import db
from tests.console.test_log import LOG, newest_user, note, rows
from tests.factories.events import NOW, make_event, make_sector
from tests.factories.registrations import confirmed, write
from tests.reveals.test_telephone import FILLED, SEALED, added_by, ask
from tools.organisers import make_user


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
    """The log hides all views of people added by hand, and views by handlers, which older versions recorded."""
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
