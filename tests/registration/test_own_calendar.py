"""A person's own calendar file: how it shows the place, and that a newer file always replaces an older one.

RFC 5546, 2.1.4 and 2.1.5: of two entries with one UID the higher SEQUENCE counts, then the later DTSTAMP. RFC 5545,
3.8.1.11: STATUS is TENTATIVE, CONFIRMED or CANCELLED.
"""

import re
from datetime import datetime, timedelta

import icalendar
import pytest

from forum import clock
from forum.events.enums import SectorPolicy
from forum.registration import actions, expiry, links
from forum.registration.enums import TokenPurpose
from forum.settings.project import PROJECT
from tests.factories.events import NOW, make_event, make_sector
from tests.factories.mails import mark_all_sent
from tests.factories.registrations import confirmed, write

pytestmark = pytest.mark.usefixtures("frozen", "database")
HOUR = timedelta(hours=1)
ADDRESS = {"email": "asa@example.org"}


@pytest.fixture
def app(make_app, database_url):
    return make_app(database_url)


def one_seat(**differing):
    """Save an event with one place, so that the second person is on the waiting list."""
    return make_event(capacity=1, sectors=[make_sector("justice", ceiling=1, **differing)])


def entry_of(pages, registration) -> icalendar.Event:
    """Return the first day's entry of the calendar file that the registration's personal link leads to."""
    write(links.revoke, registration, now=clock.now())
    token = write(links.issue, registration, TokenPurpose.MANAGE, now=clock.now())
    pages.get("self_service.enter", token=token, expect=303)
    entry, *_others = icalendar.Calendar.from_ical(pages.get("self_service.calendar_file").data).walk(
        "VEVENT"
    )
    assert entry.errors == []
    return entry


def at(moment: datetime) -> datetime:
    clock.freeze(moment)
    return moment


def said(entry: icalendar.Event) -> tuple[str, int, datetime]:
    """Return a calendar entry's status, sequence number and time of its last change."""
    assert entry["LAST-MODIFIED"].dt == entry["DTSTAMP"].dt
    return entry["STATUS"], entry["SEQUENCE"], entry["DTSTAMP"].dt


def test_status_is_true_for_whoever_waits_is_offered_a_place_takes_it_and_cancels(pages):
    event = one_seat()
    first, second = confirmed(event), confirmed(event)
    found = [said(entry_of(pages, second))]
    write(actions.cancel, first, actor="person", now=at(NOW + HOUR))
    found.append(said(entry_of(pages, second)))
    write(actions.accept_offer, second, now=at(NOW + 2 * HOUR))
    found.append(said(entry_of(pages, second)))
    write(actions.cancel, second, actor="person", now=at(NOW + 3 * HOUR))
    found.append(said(entry_of(pages, second)))
    assert found == [
        ("TENTATIVE", 0, NOW),
        ("TENTATIVE", 0, NOW),
        ("CONFIRMED", 1, NOW + 2 * HOUR),
        ("CANCELLED", 2, NOW + 3 * HOUR),
    ]


def test_the_page_of_whoever_waits_has_the_calendar_too(pages):
    event = one_seat()
    confirmed(event)
    entry_of(pages, confirmed(event))
    page = pages.get("self_service.show")
    assert page.links["Add to calendar"] == pages.url("self_service.calendar_file")
    assert "the entry says that it is not certain" in page.text


def test_status_is_tentative_in_review(pages):
    assert said(entry_of(pages, confirmed(one_seat(policy=SectorPolicy.REVIEW)))) == ("TENTATIVE", 0, NOW)


def test_an_offer_that_ran_out_takes_the_entry_back(pages):
    event = one_seat()
    first, second = confirmed(event), confirmed(event)
    write(actions.cancel, first, actor="person", now=at(NOW + HOUR))
    mark_all_sent()
    over = at(second.offer_expires_at)
    write(expiry.expire_due, now=over)
    assert said(entry_of(pages, second)) == ("CANCELLED", 1, over)


def test_registering_again_replaces_the_cancelled_entry(pages):
    """Both entries of a person and event have one UID, so the new sequence number must be higher."""
    event = make_event()
    earlier = confirmed(event, **ADDRESS)
    old = [entry_of(pages, earlier)]
    write(actions.cancel, earlier, actor="person", now=at(NOW + HOUR))
    old.append(entry_of(pages, earlier))
    again = confirmed(event, now=at(NOW + 2 * HOUR), **ADDRESS)
    new = entry_of(pages, again)
    assert {str(entry["UID"]) for entry in (*old, new)} == {str(new["UID"])}
    assert (new["STATUS"], new["DTSTAMP"].dt) == ("CONFIRMED", NOW + 2 * HOUR)
    assert old[0]["SEQUENCE"] < old[1]["SEQUENCE"] < new["SEQUENCE"]


def test_registering_again_and_waiting_replaces_the_cancelled_entry(pages):
    event = one_seat()
    earlier = confirmed(event, **ADDRESS)
    write(actions.cancel, earlier, actor="person", now=at(NOW + HOUR))
    old = entry_of(pages, earlier)
    confirmed(event, now=NOW + HOUR)
    new = entry_of(pages, confirmed(event, now=at(NOW + 2 * HOUR), **ADDRESS))
    assert (old["STATUS"], new["STATUS"]) == ("CANCELLED", "TENTATIVE")
    assert old["SEQUENCE"] < new["SEQUENCE"]


def test_another_person_begins_at_their_own_number(pages):
    """Control: sequence numbers are counted for each person, so they tell nothing about other people."""
    event = make_event()
    write(actions.cancel, confirmed(event), actor="person", now=NOW)
    assert said(entry_of(pages, confirmed(event)))[1] == 1


def test_a_status_is_set_by_one_method_only():
    """Setting the status without `move_to` would not raise the sequence number: calendars would keep the old entry."""
    setters = {
        path.name
        for folder in ("registration", "demo", "console", "jobs")
        for path in (PROJECT / "forum" / folder).glob("*.py")
        if re.search(r"\w\.status\b(?![.\]])[^=\n]* = ", path.read_text())
    }
    assert setters == {"models.py"}


def test_a_later_download_says_the_same_moment(pages):
    registration = confirmed(make_event())
    before = entry_of(pages, registration)
    at(NOW + timedelta(days=30))
    assert entry_of(pages, registration) == before


def test_a_change_of_the_event_replaces_the_persons_entry(pages):
    event = make_event()
    registration = confirmed(event)
    before = entry_of(pages, registration)
    write(setattr, event, "starts_at", at(NOW + HOUR) + timedelta(days=100))
    after = entry_of(pages, registration)
    assert (after["SEQUENCE"], after["DTSTAMP"].dt) == (before["SEQUENCE"] + 1, NOW + HOUR)
