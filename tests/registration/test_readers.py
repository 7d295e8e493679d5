"""Exports and views of one sector's list are told to whoever was in that sector at the time (P18)."""

from datetime import timedelta

import pytest
from flask_babel import force_locale
from sqlalchemy import delete

from forum.accounts.enums import Role
from forum.audit import actions as audit
from forum.audit import queries as audit_queries
from forum.audit.models import AuditDetails
from forum.events.queries import find_sector
from forum.extensions import db
from forum.registration import merging, moving, places, readers
from forum.registration.merging import Limits
from tests.factories.events import NOW, make_event, make_sector
from tests.factories.own_words import make_draft, make_sent
from tests.factories.registrations import confirmed, register, write

ORGANISER = "user:1"
HOUR = timedelta(hours=1)


@pytest.fixture
def app(make_app, database_url):
    return make_app(database_url)


@pytest.fixture
def event(database, frozen):
    return make_event(
        sectors=[make_sector(key, position=at) for at, key in enumerate(("tech", "ngo", "justice"))]
    )


def export(event, sector, hours, **details):
    """Record the export of a list of one sector ("" for all), so many hours after NOW."""
    action = audit_queries.EXPORT_FETCHED if details else audit_queries.REGISTRATIONS_EXPORTED
    at = NOW + hours * HOUR
    write(audit.record, action, event, actor=ORGANISER, at=at, sector=sector, purpose="door", **details)


def move(person, key, hours):
    sector = find_sector(person.event, key)
    write(moving.move, person, sector, may_wait=False, actor=ORGANISER, now=NOW + hours * HOUR)


def told_at(person):
    """Return how many hours after NOW the exports were made that the person is told of."""
    entries = audit_queries.find_of_lists(person.event, readers.on_lists(person))
    return sorted((entry.at - NOW) / HOUR for entry in entries)


def test_whoever_has_moved_is_told_of_exports_of_each_sector_while_there(event):
    person = confirmed(event, "tech", now=NOW)
    for hours in (1, 5):
        for sector in ("tech", "ngo", "justice tech", ""):
            export(event, sector, hours)
    move(person, "ngo", 3)
    assert told_at(person) == [1, 1, 1, 5, 5]


def look(event, sector, hours):
    """Record a view of the attendee list of one sector ("" for all), so many hours after NOW."""
    at = NOW + hours * HOUR
    write(audit.record, audit_queries.ATTENDEES_VIEWED, event, actor=ORGANISER, at=at, sector=sector)


def test_whoever_has_moved_is_told_of_views_of_each_sectors_list_while_there(event):
    """A view recorded up to an hour before somebody came counts: within that hour further ones are not recorded."""
    person = confirmed(event, "tech", now=NOW)
    for hours in (-1, -0.5, 1, 5):
        for sector in ("tech", "ngo", "justice tech", "justice", ""):
            look(event, sector, hours)
    move(person, "ngo", 3)
    assert told_at(person) == [*[-0.5] * 3, *[1] * 3, *[5] * 2]


def test_person_reads_by_role_and_day_that_the_list_was_looked_at(event, app):
    """The own page names the list and no sector, and says it once a day for each role."""
    person = confirmed(event, "tech", now=NOW)
    for hours in (1, 2):
        look(event, "tech", hours)
    look(event, "ngo", 3)
    with app.test_request_context(), force_locale("en"):
        told = [(one.day, one.role, one.what) for one in readers.list_readings(person)]
    day = NOW.astimezone(event.zone).date()
    assert told == [(day, "Organiser", "Looked at a list of people")]


@pytest.mark.parametrize("query", [{"q": "zebra"}, {"language": "en"}, {"consent": "photographs:no"}])
def test_person_is_told_of_a_list_of_the_own_sector_opened_by_a_search_or_a_filter(sign_in_as, event, query):
    """A search or a filter shows people, too: whoever may have been among them is told of a view of the list."""
    person, other = (confirmed(event, key, now=NOW, given_name="Zebra") for key in ("tech", "ngo"))
    pages = sign_in_as(Role.ORGANISER, event)
    pages.get("attendees.index", event=event.slug, sector="tech", q="nobodyatall")
    assert told_at(person) == []
    page = pages.get("attendees.index", event=event.slug, sector="tech", **query)
    assert person.reference in page.data.decode()
    assert (told_at(person), told_at(other)) == ([0], [])


def test_person_is_told_of_a_search_of_the_reception_that_shows_somebody(sign_in_as, event):
    person = confirmed(event, "tech", now=NOW, given_name="Zebra")
    door = sign_in_as(Role.DOOR, event)
    for words, told in (("nobodyatall", []), ("zebra", [0])):
        door.get("reception.index", event=event.slug, q=words)
        assert told_at(person) == told


def open_overview(pages, _person):
    pages.get("console.overview", event="nf27")


def open_messages(pages, _person):
    pages.get("outbox.index", event="nf27")


def open_recipients(pages, person):
    pages.get("sent_mailings.show", event="nf27", mailing=make_sent(person.event).id)


def open_left_out(pages, person):
    register(
        person.event, "tech", now=NOW
    )  # whoever has not confirmed the address is left out of the message
    pages.get("own_mailings.write", event="nf27", mailing=make_draft(person.event).id)


def search_to_merge(pages, person):
    other = confirmed(person.event, "ngo", now=NOW, given_name="Robin", family_name="Lind")
    words = {"other": person.family_name}
    pages.get("attendee_merges.choose", event="nf27", reference=other.reference, **words)


@pytest.mark.parametrize(
    "look_at", [open_overview, open_messages, open_recipients, open_left_out, search_to_merge]
)
def test_person_is_told_of_each_page_that_names_people_once_an_hour(sign_in_as, event, app, look_at):
    """Pages beside the attendee list that name people are views of it, and leave one entry in an hour together."""
    person, pages = confirmed(event, "tech", now=NOW), sign_in_as(Role.ORGANISER, event)
    for _look in range(2):
        look_at(pages, person)
        assert told_at(person) == [0]
    pages.get("attendees.index", event="nf27")
    assert told_at(person) == [0]
    with app.test_request_context(), force_locale("en"):
        listed = [one.what for one in readers.list_readings(person) if "list" in one.what]
    assert listed == ["Looked at a list of people"]


def test_search_for_a_registration_to_merge_with_that_finds_nobody_is_no_view_of_people(sign_in_as, event):
    person, pages = confirmed(event, "tech", now=NOW), sign_in_as(Role.ORGANISER, event)
    where = {"event": "nf27", "reference": person.reference}
    pages.get("attendee_merges.choose", other="nobodyatall", **where)
    assert told_at(person) == []
    confirmed(event, "ngo", now=NOW, given_name="Robin", family_name="Lind")
    pages.get("attendee_merges.choose", other="lind", **where)
    assert told_at(person) == [0]


def test_prepared_file_counts_by_when_it_was_asked_for(event):
    """A file of the former sector, asked for before the move and fetched after it, has the person in it."""
    person = confirmed(event, "tech", now=NOW)
    move(person, "ngo", 3)
    for hours, asked in ((4, 2), (5, 4)):
        export(event, "tech", hours, asked=int((NOW + asked * HOUR).timestamp()))
    assert told_at(person) == [4]


def test_whoever_came_with_a_merged_sector_is_told_of_the_exports_of_each_while_there(event):
    people = [confirmed(event, key, now=NOW) for key in ("tech", "ngo", "justice")]
    for hours in (1, 3):
        export(event, "ngo", hours)
    export(event, "tech", 1.5)
    write(merge, find_sector(event, "tech"), find_sector(event, "ngo"))
    db.session.expire_all()
    assert [told_at(person) for person in people] == [[1.5, 3], [1, 3], []]
    move(people[0], "justice", 4)
    export(event, "justice", 5)
    assert [told_at(person) for person in people] == [[1.5, 3, 5], [1, 3], [5]]


def test_first_sector_is_remembered_through_a_merge_a_move_and_another_merge(event):
    person = confirmed(event, "tech", now=NOW)
    export(event, "tech", 1)
    write(merge, find_sector(event, "tech"), find_sector(event, "ngo"))
    db.session.expire_all()
    move(person, "justice", 3)
    write(merge, find_sector(event, "ngo"), find_sector(event, "justice"))
    db.session.expire_all()
    assert told_at(person) == [1]


def test_registration_whose_first_sector_is_unknown_is_told_of_all_that_it_may_have_been_in(event):
    person = confirmed(event, "ngo", now=NOW)
    export(event, "tech", 1)
    export(event, "ngo", 1)
    write(merge, find_sector(event, "tech"), find_sector(event, "ngo"))
    db.session.expire_all()
    assert told_at(person) == [1]
    write(forget_sector, person)
    assert told_at(person) == [1, 1]


def forget_sector(person):
    """Remove the sector from the entry about the registration, as an earlier version has stored none."""
    entry = next(one for one in audit_queries.find_history(person) if one.action == "registration.received")
    db.session.execute(delete(AuditDetails).where(AuditDetails.entry_id == entry.id))


def merge(sector, into):
    places.lock(into.event)
    merging.merge(sector, into, Limits(floor=0, ceiling=100), actor=ORGANISER, now=NOW + 2 * HOUR)
