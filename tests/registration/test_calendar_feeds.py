"""A person's calendar feed: a secret address that shows changes and names nobody (M14)."""

from datetime import timedelta

import icalendar
import pytest
from sqlalchemy import select

from forum import clock, sealed_cookies
from forum.columns import Text, digest
from forum.events import cancelling
from forum.events.enums import SectorPolicy
from forum.extensions import db
from forum.registration import actions, calendar_feeds, links, reinstating
from forum.registration.enums import TokenPurpose
from forum.registration.models import RegistrationToken
from tests.factories.events import NOW, make_event, make_sector
from tests.factories.registrations import confirmed, write
from tests.registration.reading import recorded
from tools.pages import Pages

pytestmark = pytest.mark.usefixtures("frozen", "database")
HOUR = timedelta(hours=1)


@pytest.fixture
def app(make_app, database_url):
    return make_app(database_url)


def sign_in(pages, registration):
    token = write(links.issue, registration, TokenPurpose.MANAGE, now=clock.now())
    pages.get("self_service.enter", token=token, expect=303)


def subscribe(pages, registration) -> str:
    """Press the button on the person's page; return the path of the feed's address."""
    sign_in(pages, registration)
    page = pages.get("self_service.subscribe").form("form.form").submit(follow=True)
    (address,) = [url for url in page.links.values() if url.endswith("/forum.ics")]
    return address.removeprefix("http://127.0.0.1:8000")


def read(app, path: str, status: int = 200):
    """Fetch the feed as a calendar program does, without cookies; return the answer."""
    answer = app.test_client().get(path)
    assert answer.status_code == status
    return answer


def entry_of(app, path: str) -> tuple[str, int, str]:
    entry = icalendar.Calendar.from_ical(read(app, path).data).walk("VEVENT")[0]
    assert entry.errors == []
    return entry["STATUS"], entry["SEQUENCE"], str(entry["LOCATION"])


def test_a_feed_follows_the_event_and_the_registration(app, pages):
    event = make_event(place=Text(en="Stockholm"))
    person = confirmed(event, language="en")
    path = subscribe(pages, person)
    said, uid = [entry_of(app, path)], read(app, path).text.partition("UID:")[2].partition("\r\n")[0]
    write(setattr, event, "place", Text(en="Oslo"))
    said.append(entry_of(app, path))
    write(actions.cancel, person, actor="organiser", now=NOW + HOUR)
    said.append(entry_of(app, path))
    write(reinstating.reinstate, person, actor="organiser", now=NOW + 2 * HOUR)
    said.append(entry_of(app, path))
    assert said == [
        ("CONFIRMED", 1, "Stockholm"),
        ("CONFIRMED", 2, "Oslo"),
        ("CANCELLED", 3, "Oslo"),
        ("CONFIRMED", 4, "Oslo"),
    ]
    assert read(app, path).text.partition("UID:")[2].partition("\r\n")[0] == uid


def test_a_feed_says_that_the_event_is_cancelled_and_takes_place_after_all(app, pages):
    """Each change raises the entry's SEQUENCE number, or a calendar program would keep the entry that it has."""
    event = make_event()
    path = subscribe(pages, confirmed(event, language="en"))
    said = [entry_of(app, path)]
    write(cancelling.cancel, event, Text(en="Snow", sv="Snö"), actor="command", now=NOW + HOUR)
    said.append(entry_of(app, path))
    write(cancelling.take_up_again, event, actor="command", now=NOW + 2 * HOUR)
    said.append(entry_of(app, path))
    assert [status for status, _sequence, _place in said] == ["CONFIRMED", "CANCELLED", "CONFIRMED"]
    numbers = [sequence for _status, sequence, _place in said]
    assert numbers == sorted({*numbers})


def test_a_feed_begins_no_session_and_may_be_kept_by_its_program_alone(app, pages):
    answer = read(app, subscribe(pages, confirmed(make_event(), language="en")))
    assert answer.headers["Content-Type"] == "text/calendar; charset=utf-8"
    assert (answer.headers["Cache-Control"], answer.headers.getlist("Set-Cookie")) == (
        "private, no-cache",
        [],
    )
    assert (
        app.test_client()
        .get(answer.request.path, headers={"If-None-Match": answer.headers["ETag"]})
        .status_code
        == 304
    )


def test_a_feed_says_by_both_names_how_often_to_ask_again(app, pages):
    lines = read(app, subscribe(pages, confirmed(make_event(), language="en"))).text.split("\r\n")
    assert "REFRESH-INTERVAL;VALUE=DURATION:PT6H" in lines
    assert "X-PUBLISHED-TTL:PT6H" in lines


def test_a_feed_names_nobody_and_is_the_same_for_a_protected_person(app, pages):
    event = make_event(sectors=[make_sector("justice", policy=SectorPolicy.OPEN)])
    plain = confirmed(event, given_name="Åsa", family_name="Ek", organisation="Polisen", language="en")
    hidden = confirmed(event, is_protected=True, real_name="Real Name", language="en")
    feeds = [read(app, subscribe(Pages(app), person)).data for person in (plain, hidden)]
    assert feeds[0] == feeds[1]
    for word in ("Åsa", "Ek", "Polisen", plain.reference, "ATTENDEE", "ORGANIZER", "Justice"):
        assert word.encode() not in feeds[0]


def test_loading_the_page_of_a_new_address_again_makes_no_other_one(app, pages):
    path = subscribe(pages, confirmed(make_event(), language="en"))
    page = pages.get("self_service.subscribe")
    assert ("Copy it now" in page.text, "You have an address" in page.text) == (False, True)
    read(app, path)


def test_only_the_digest_is_kept_and_another_address_ends_the_first(app, pages):
    person = confirmed(make_event(), language="en")
    first = subscribe(pages, person)
    second = subscribe(pages, person)
    assert first != second
    read(app, first, 404)
    read(app, second)
    kept = db.session.scalars(
        select(RegistrationToken.digest).where(
            RegistrationToken.purpose == TokenPurpose.CALENDAR, RegistrationToken.revoked_at.is_(None)
        )
    ).all()
    assert kept == [digest(second.split("/")[-2])]
    assert second.split("/")[-2] not in pages.get("self_service.subscribe").text


def test_an_address_that_cannot_be_shown_is_not_made(app, pages, monkeypatch):
    person = confirmed(make_event(), language="en")
    path = subscribe(pages, person)
    monkeypatch.setattr(sealed_cookies, "LONGEST", 10)
    page = pages.get("self_service.subscribe").form("form.form").submit(follow=True)
    assert page.flashes == [
        "Nothing was made: it is too long to be shown here once. Please tell whoever runs this site."
    ]
    read(app, path)


def test_one_press_ends_the_feed(app, pages):
    path = subscribe(pages, confirmed(make_event(), language="en"))
    page = pages.get("self_service.subscribe")
    page.form("form[action$=end]").submit(expect=303)
    assert read(app, path, 404).text.count("BEGIN:") == 0
    assert "You have an address" not in pages.get("self_service.subscribe").text


def test_a_feed_ends_with_all_links_and_a_month_after_the_event_as_it_is_now_planned(app, pages):
    event = make_event()
    moved, other = confirmed(event, language="en"), confirmed(event, language="en")
    path, ended = subscribe(Pages(app), moved), subscribe(Pages(app), other)
    write(links.revoke, other, now=NOW)
    read(app, ended, 404)
    write(setattr, event, "ends_at", event.ends_at + timedelta(days=365))
    clock.freeze(event.ends_at + timedelta(days=29))
    read(app, path)
    clock.freeze(event.ends_at + timedelta(days=30))
    read(app, path, 404)


def test_wrong_addresses_are_limited(make_app, database_url):
    app = make_app(database_url, LIMITS_ENABLED=True)
    make_event()
    client = app.test_client()
    answers = [client.get(f"/en/r/calendar/{number}/forum.ics").status_code for number in range(122)]
    assert (set(answers[:120]), answers[120:]) == ({404}, [429, 429])


def test_making_and_ending_are_in_the_log(app, pages):
    person = confirmed(make_event())
    write(calendar_feeds.make, person, now=NOW)
    write(calendar_feeds.end, person, now=NOW)
    write(calendar_feeds.end, person, now=NOW)  # there is no feed to end, so nothing is recorded
    assert [action for action, *_told in recorded(person)][-2:] == [
        "registration.feed_made",
        "registration.feed_ended",
    ]
