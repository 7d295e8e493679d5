"""Exports and views of one sector's list are told to whoever was in that sector at the time (P18)."""

from datetime import timedelta

import pytest
from flask_babel import force_locale
from sqlalchemy import delete

from forum.accounts.enums import Role
from forum.audit import actions as audit
from forum.audit import queries as audit_queries
from forum.audit.models import AuditDetails
from forum.delegations import substituting
from forum.events.enums import SectorPolicy
from forum.events.queries import find_sector
from forum.extensions import db
from forum.registration import (
    actions,
    merging,
    moving,
    places,
    readers,
    reinstating,
    reviewing,
    separating,
    uniting,
)
from forum.registration.applicant import CHANGEABLE, Details
from forum.registration.enums import Status
from forum.registration.merging import Limits
from forum.registration.wording import ACTS
from tests.factories.events import NOW, make_event, make_sector
from tests.factories.own_words import make_draft, make_sent
from tests.factories.registrations import confirmed, make_applicant, register, write
from tests.registration.reading import newest_mail

ORGANISER = "user:1"
HOUR = timedelta(hours=1)
WAITING, CARE = audit_queries.WAITING_LIST_VIEWED, audit_queries.CARE_ANSWERS_VIEWED
# Acts on a registration that leave it in its status, or end it while it is on no list: before its address is confirmed.
NO_STEPS = {
    *(
        "viewed",
        "file_downloaded",
        "mail_resent",
        "noted",
        "note_removed",
        "tagged",
        "merged",
        "merge_undone",
    ),
    *("unconfirmed_erased", "not_confirmed", "gave_way", "address_wrong", "hold_ended", "asking_lengthened"),
    *("lapsed_erased", "erased", "erased_again", "left_merged", "feed_made", "feed_ended", "consent"),
    *("offer_reminded", "offer_extended", "offer_lengthened", "care_changed"),
    *("refusal_proposed", "refusal_withdrawn", "recused", "suppression_lifted"),
    *("address_asked", "address_changed", "asked_again", "link_asked"),
    *("substitute_asked", "substitute_taken_back", "own_data_asked", "own_data_opened"),
    *("erasure_asked", "erasure_taken_back", "erasure_refused"),
    *(f"restriction_{step}" for step in ("asked", "taken_back", "granted", "declined", "ending", "lifted")),
}


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


def test_list_of_nobody_is_told_to_nobody(event):
    person = confirmed(event, "tech", now=NOW)
    for hours, told in enumerate(({"count": 0}, {"count": 1}, {}), 1):
        at = NOW + hours * HOUR
        for action in (audit_queries.REGISTRATIONS_EXPORTED, audit_queries.EXPORT_FETCHED):
            write(audit.record, action, event, actor=ORGANISER, at=at, sector="", purpose="door", **told)
    assert told_at(person) == [2, 2, 3, 3]


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


def see(event, action, hours):
    """Record a view of a kind of list of the event, so many hours after NOW."""
    write(audit.record, action, event, actor=ORGANISER, at=NOW + hours * HOUR)


def set_policy(event, key, policy):
    write(setattr, find_sector(event, key), "policy", policy)


def see_around_a_cancellation(person, action):
    """Record views of a kind of list after 1, 3 and 6 hours; cancel the registration after 2, restore it after 5."""
    see(person.event, action, 1)
    write(actions.cancel, person, actor="person", now=NOW + 2 * HOUR)
    see(person.event, action, 3)
    write(reinstating.reinstate, person, actor=ORGANISER, now=NOW + 5 * HOUR)
    see(person.event, action, 6)


@pytest.mark.parametrize(
    ("status", "shown"), [(Status.WAITING, WAITING), (Status.IN_REVIEW, WAITING), (Status.CONFIRMED, CARE)]
)
def test_person_is_told_of_views_before_a_cancellation_and_after_it_was_undone(event, status, shown):
    if status == Status.IN_REVIEW:
        set_policy(event, "tech", SectorPolicy.REVIEW)
    if status == Status.WAITING:
        write(setattr, find_sector(event, "tech"), "ceiling", 1)
        confirmed(event, "tech", now=NOW)
    person = confirmed(event, "tech", now=NOW)
    see_around_a_cancellation(person, shown)
    assert (person.status, told_at(person)) == (status, [1, 6])


def test_person_is_told_of_views_after_a_merge_was_undone(event):
    one, other = confirmed(event, "tech", now=NOW), confirmed(event, "tech", now=NOW)
    see(event, CARE, 1)
    united = write(uniting.unite, one, other, (), actor=ORGANISER, now=NOW + 2 * HOUR)
    ended = united.ended
    see(event, CARE, 3)
    write(separating.separate, united, actor=ORGANISER, now=NOW + 5 * HOUR)
    see(event, CARE, 6)
    assert told_at(ended) == [1, 6]


def test_substitute_is_told_of_views_of_the_queue_while_their_place_is_under_review(event):
    """Whoever has left is told of nothing further; the newcomer is told until the review is decided."""
    set_policy(event, "tech", SectorPolicy.REVIEW)
    person = confirmed(event, "tech", now=NOW)
    see(event, WAITING, 1)
    write(reviewing.approve, person, actor=ORGANISER, now=NOW + 2 * HOUR)
    see(event, CARE, 3)
    newcomer = come_instead(person, hours=5)
    assert (newcomer.status, newcomer.is_in_review) == (Status.CONFIRMED, True)
    see(event, WAITING, 6)
    write(reviewing.approve, newcomer, actor=ORGANISER, now=NOW + 7 * HOUR)
    see(event, WAITING, 8)
    see(event, CARE, 9)
    assert (told_at(person), told_at(newcomer)) == ([1, 3], [6, 9])


@pytest.mark.parametrize("policy", [SectorPolicy.OPEN, SectorPolicy.REVIEW])
def test_newcomer_without_an_address_is_told_of_views_of_the_list_on_which_they_are(event, policy):
    """A newcomer without an address confirms none: the audit entry of registering says on which list the person is."""
    set_policy(event, "tech", policy)
    write(setattr, find_sector(event, "tech"), "ceiling", 1)
    confirmed(event, "tech", now=NOW)
    person = confirmed(event, "tech", now=NOW)
    see(event, WAITING, 1)
    nobody = make_applicant(email="")
    by = {"actor": "contact", "named_by": "contact"}
    newcomer = write(substituting.hand_over, person, nobody, **by, now=NOW + 3 * HOUR)
    assert newcomer.status == (Status.IN_REVIEW if policy == SectorPolicy.REVIEW else Status.WAITING)
    see(event, WAITING, 4)
    assert (told_at(person), told_at(newcomer)) == ([1], [4])


def test_reviewed_change_is_seen_again_once_the_cancellation_is_undone_and_until_a_move_ends_it(event):
    set_policy(event, "tech", SectorPolicy.REVIEW)
    person = confirmed(event, "tech", now=NOW)
    write(reviewing.approve, person, actor=ORGANISER, now=NOW)
    told = {name: getattr(person, name) for name in CHANGEABLE}
    details = Details(**{**told, "organisation": "Another"})
    write(actions.change, person, details, actor="person", now=NOW)
    see_around_a_cancellation(person, WAITING)
    assert (person.status, person.is_in_review) == (Status.CONFIRMED, True)
    move(person, "ngo", 7)
    assert not person.is_in_review
    see(event, WAITING, 8)
    assert told_at(person) == [1, 6]


def come_instead(person, *, hours):
    """Let a substitute take over, so many hours after NOW; return the substitute's registration."""
    newcomer, now = make_applicant(organisation=person.organisation), NOW + hours * HOUR
    write(substituting.ask, person, newcomer.email, now=now)
    return write(substituting.confirm, newest_mail(person, "substitute-asked").token, newcomer, now=now)


def test_every_act_on_a_registration_begins_or_ends_a_stay_on_a_list_or_is_known_to_do_neither():
    """A new act that brings a registration into another status fails here until it is among the steps of STAYS."""
    steps = {step.partition(":")[0] for _kind, *both in readers.STAYS for some in both for step in some}
    acts = {act.partition(".")[2] for act in ACTS if act.startswith("registration.")}
    assert steps & NO_STEPS == set()
    assert steps | NO_STEPS == acts


def forget_sector(person):
    """Remove the sector from the entry about the registration, as an earlier version has stored none."""
    entry = next(one for one in audit_queries.find_history(person) if one.action == "registration.received")
    db.session.execute(delete(AuditDetails).where(AuditDetails.entry_id == entry.id))


def merge(sector, into):
    places.lock(into.event)
    merging.merge(sector, into, Limits(floor=0, ceiling=100), actor=ORGANISER, now=NOW + 2 * HOUR)
