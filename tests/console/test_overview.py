"""The overview of an event, the console's first page, and who may see it."""

from datetime import timedelta

import pytest
from sqlalchemy import update

from forum import clock
from forum.accounts.enums import Role
from forum.audit.queries import BRAKES, FORMS_BRAKED
from forum.audit.traces import note_brake
from forum.database import start_write
from forum.extensions import db
from forum.outbox import heartbeats
from forum.outbox.enums import MessageStatus
from forum.outbox.models import OutboxMessage
from tests.factories.events import NOW, make_event, make_sector
from tests.factories.registrations import confirmed, register
from tests.tables import names

PAGES = (
    "",
    "attendees",
    "waiting",
    "attendees.csv",
    "mail",
    "registrations/ABCD-EFGH",
    "registrations/ABCD-EFGH/cancel",
)


def overview(organiser, slug="nf27", **options):
    return organiser.get("console.overview", event=slug, **options)


def balance(page):
    """Return the numbers of the balance table by the sector's name."""
    return {
        row.th.a.get_text(): [cell.get_text() for cell in row.find_all("td")]
        for row in page.soup.select(".balance tbody tr")
    }


def facts(page):
    return dict(zip(page.all(".facts dt"), page.all(".facts dd"), strict=True))


def beat(moment):
    start_write(db.session)
    heartbeats.beat("worker", now=moment)
    db.session.commit()


def test_balance_shows_taken_held_waiting_and_left_of_each_sector(sign_in_as, database):
    event = make_event(capacity=3, sectors=[make_sector("justice", ceiling=2), make_sector("ngo", ceiling=2)])
    confirmed(event, "justice")
    register(event, "justice")
    confirmed(event, "justice")
    register(event, "ngo")
    page = overview(sign_in_as(event=event))
    assert balance(page) == {"Justice": ["1", "1", "1", "0", "2"], "NGOs": ["0", "1", "0", "0", "2"]}
    assert (
        page.soup.select_one("svg.ring")["aria-label"]
        == "3 of 3 places are taken; the table shows each sector"
    )


def test_numbers_lead_to_the_list_of_their_status(organiser, event):
    confirmed(event, "justice")
    register(event, "ngo")
    page = overview(organiser)
    assert dict(zip(page.all(".stat dt"), page.all(".stat dd"), strict=True)) == {
        "Confirmed": "1", "Address not confirmed": "1", "Waiting": "0",
    }  # fmt: skip
    assert page.links["Address not confirmed"] == "/console/nf27/attendees?status=pending"


def test_last_registrations_are_the_newest_first(organiser, event):
    for number in range(10):
        register(event, "ngo", family_name=f"N{number}", now=NOW - timedelta(hours=10 - number))
    assert names(overview(organiser)) == names(overview(organiser))
    latest = overview(organiser).all("section:has(> #latest) tbody th")
    assert latest == [f"N{number}, Åsa" for number in range(9, 1, -1)]


@pytest.mark.parametrize(
    ("moment", "state"),
    [
        (NOW - timedelta(days=31), "Not open yet"),
        (NOW - timedelta(days=30), "Open"),
        (NOW + timedelta(days=365), "Closed"),
    ],
)
def test_state_of_the_registration_follows_the_clock(event, sign_in_as, moment, state):
    clock.freeze(moment)
    organiser = sign_in_as(event=event, at=moment)
    assert facts(overview(organiser))["State"] == state


def test_dates_are_in_the_events_zone(organiser, event):
    shown = facts(overview(organiser))
    assert (shown["Opens"], shown["Closes"]) == (
        "3 April 2027 at 14:00 (CEST)",
        "31 October 2027 at 23:59 (CET)",
    )
    assert shown["Kept places are released"] == "1 October 2027 at 00:00 (CEST)"


def test_silent_worker_is_told(organiser, event):
    register(event, "ngo")
    page = overview(organiser)
    assert page.all(".note-title") == ["Messages are not reaching people"]
    assert "1 message is waiting." in page.text
    beat(NOW)
    assert overview(organiser).all(".note-title") == []
    beat(NOW - timedelta(minutes=2))
    assert overview(organiser).all(".note-title") == ["Messages are not reaching people"]


def test_mail_that_is_taken_by_no_server_is_told_after_a_quarter_of_an_hour(organiser, event):
    register(event, "ngo")
    later = NOW + timedelta(minutes=15, seconds=1)
    clock.freeze(later)
    beat(later)
    page = overview(organiser)
    assert page.all(".note-title") == ["Messages are not reaching people"]
    assert "1 message has been waiting for more than 15 minutes." in page.text
    assert "not been heard from" not in page.text


def test_failed_mail_is_told_and_leads_to_it(organiser, event):
    register(event, "ngo")
    beat(NOW)
    start_write(db.session)
    db.session.execute(update(OutboxMessage).values(status=MessageStatus.FAILED))
    db.session.commit()
    page = overview(organiser)
    assert page.links["1 message has failed"] == "/console/nf27/mail?status=failed"
    assert "not been heard from" not in page.text
    assert page.all(".console-side nav li") == ["Overview", "Attendees", "Waiting list", "Mail 1 failed"]


def test_navigation_says_where_one_is(organiser, event):
    person = register(event, "ngo")
    for endpoint, here in (
        ("console.overview", "Overview"),
        ("attendees.show", "Attendees"),
        ("outbox.index", "Mail"),
    ):
        values = {"reference": person.reference} if endpoint == "attendees.show" else {}
        page = organiser.get(endpoint, event="nf27", **values)
        assert page.all(".console-side nav a[aria-current]") == [here]


def test_empty_event_says_what_comes(organiser):
    assert overview(organiser).all(".empty-title") == ["Nobody has registered yet"]


def test_number_of_queries_is_the_same_for_one_and_for_three(organiser, event):
    register(event, "ngo")
    one = len(overview(organiser).statements)
    register(event, "justice")
    confirmed(event, "tech")
    assert (len(overview(organiser).statements), one <= 15) == (one, True)


def test_console_begins_with_the_current_event(sign_in_as, event, archive):
    assert sign_in_as(Role.ADMIN).get("/console/", expect=303).location == "/console/nf27/"


def test_console_begins_with_the_event_of_the_role(sign_in_as, event, archive):
    assert sign_in_as(event=archive).get("/console/", expect=303).location == "/console/nf16/"


def test_overview_leads_to_the_organisers_other_events(sign_in_as, event, archive):
    assert (
        overview(sign_in_as(Role.ORGANISER)).links["The forum of 2016, 16–17 November 2016"]
        == "/console/nf16/"
    )
    assert "forum of 2016" not in overview(sign_in_as(Role.ORGANISER, event)).text


def test_archive_is_called_so(sign_in_as, event, archive):
    assert facts(overview(sign_in_as(Role.ORGANISER), "nf16"))["State"] == "Archived"


@pytest.mark.parametrize("role", [Role.DOOR, Role.CARE, Role.MAILER, Role.PROTECTED_HANDLER])
def test_other_roles_see_no_registrations(sign_in_as, event, role):
    pages = sign_in_as(role, event)
    for page in PAGES:
        pages.get(f"/console/nf27/{page}", expect=404)
    assert pages.get("/console/").all(".empty-title") == ["There is nothing here for your role yet"]
    assert pages.get("/console/").all(".console-side nav li") == []


def test_organiser_of_another_event_sees_nothing_of_this_one(sign_in_as, event, archive):
    pages = sign_in_as(event=archive)
    for page in PAGES:
        pages.get(f"/console/nf27/{page}", expect=404)


def test_visitor_is_led_to_the_sign_in(pages, event):
    for page in PAGES:
        assert pages.get(f"/console/nf27/{page}", expect=303).location.startswith("/account/sign-in?next=")


def test_unknown_event_is_not_found(sign_in_as, event):
    sign_in_as(Role.ADMIN).get("/console/nowhere/attendees", expect=404)


def test_styleguide_is_for_every_role(sign_in_as, event):
    answer = sign_in_as(Role.DOOR, event).client.get("/console/styleguide")
    assert answer.status_code == 200


def test_dates_and_rules_of_the_event_are_shown(sign_in_as, database):
    event = make_event(organisation_cap=3, is_published=False)
    page = overview(sign_in_as(Role.ORGANISER, event))
    assert facts(page)["Places for one organisation"] == "At most 3"
    assert "Not published" in page.text


def test_forms_that_were_held_back_are_told_for_a_day_with_number_moment_and_reason(
    sign_in_as, event, database
):
    clock.freeze(NOW - timedelta(days=1, seconds=1))
    note_brake(FORMS_BRAKED, event)
    clock.freeze(NOW)
    assert "held back" not in overview(sign_in_as(event=event)).text
    for _ in range(3):
        note_brake(FORMS_BRAKED, event)
    for action in BRAKES[1:]:
        note_brake(action, event)

    said = overview(sign_in_as(event=event)).text
    assert "Forms were held back in the last 24 hours" in said
    assert "had to be sent twice. Held back: at least 3, the last at 3 May 2027 14:00." in said
    assert "Many forms came from one network. Held back: at least 1" in said
    assert "minst 3, senast 3 maj 2027 14:00" in overview(sign_in_as(event=event, language="sv")).text
