"""The overview of an event, the console's first page, and who may see it."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import update

from forum import clock
from forum.accounts.enums import Role
from forum.audit.queries import BRAKES, FORMS_BRAKED
from forum.audit.traces import note_brake
from forum.database import start_write
from forum.events.enums import SectorPolicy
from forum.extensions import db
from forum.outbox import heartbeats
from forum.outbox.enums import MessageStatus
from forum.outbox.models import OutboxMessage
from forum.registration import actions
from tests.factories.events import NOW, make_event, make_sector
from tests.factories.registrations import confirmed, register, write
from tests.tables import names
from tools.organisers import make_user, sign_in
from tools.pages import Pages

PAGES = (
    "",
    "attendees",
    "waiting",
    "attendees/export",
    "mail",
    "registrations/ABCD-EFGH",
    "registrations/ABCD-EFGH/cancel",
)


@pytest.fixture
def app(make_app, sqlite_url):
    return make_app(sqlite_url, MAIL_SERVER="mail.example")


def overview(organiser, slug="nf27", **options):
    return organiser.get("console.overview", event=slug, **options)


def balance(page, part="tbody"):
    """Return the numbers of the table of places, by the sector's name and the column's heading."""
    return {
        row.th.get_text(strip=True): {
            cell["data-label"]: int(cell.get_text()) for cell in row.select("td[data-label]")
        }
        for row in page.soup.select(f".balance {part} tr")
    }


def tasks(page):
    return page.all(".task-title")


def coming(page):
    return page.all(".coming li")


def facts(page):
    return dict(zip(page.all(".facts dt"), page.all(".facts dd"), strict=True))


def beat(moment):
    start_write(db.session)
    heartbeats.beat("worker", now=moment)
    db.session.commit()


@pytest.fixture
def mixed(database):
    """Save an event of 10 places with people in every state for which the table of places has a column."""
    event = make_event(
        capacity=10,
        sectors=[
            make_sector("justice", position=1, floor=1, ceiling=2),
            make_sector("ngo", position=2, floor=3, ceiling=6),
            make_sector("other", position=3, policy=SectorPolicy.REVIEW, ceiling=2),
        ],
    )
    confirmed(event, "justice")
    register(event, "justice")
    confirmed(event, "justice")  # this person waits, because the sector is full
    register(event, "ngo")
    confirmed(event, "other", family_name="Berg")  # this person waits for a review by the organisers
    return event


def test_balance_shows_what_is_taken_held_kept_in_review_and_waiting_in_each_sector(sign_in_as, mixed):
    page = overview(sign_in_as(event=mixed))
    names = ("Confirmed", "Held", "Taken", "Kept by floor", "Floor", "Ceiling", "In review", "Waiting")
    assert balance(page) == {
        "Justice": dict(zip(names, (1, 1, 2, 0, 1, 2, 0, 1), strict=True)),
        "NGOs": dict(zip(names, (0, 1, 1, 2, 3, 6, 0, 0), strict=True)),
        "Other": dict(zip(names, (0, 0, 0, 0, 0, 2, 1, 0), strict=True)),
    }
    assert page.soup.select_one("svg.balance-ring")["aria-label"] == (
        "3 of 10 places are taken; the table shows each sector"
    )


def test_numbers_of_the_balance_add_up_to_the_places(sign_in_as, mixed):
    page = overview(sign_in_as(event=mixed))
    (total,) = balance(page, "tfoot").values()
    sectors = balance(page).values()
    assert total == {name: sum(sector[name] for sector in sectors) for name in total}
    assert page.all(".balance-sum") == [
        "3 taken + 2 kept by floors until 1 October 2027 + 5 open to every sector = 10 places."
    ]
    assert (total["Taken"], total["Kept by floor"]) == (3, 2)


def test_overview_names_who_has_not_confirmed_and_holds_no_place(sign_in_as, mixed):
    organiser = sign_in_as(event=mixed)
    assert "holds no place." not in overview(organiser).text.replace("or waits holds no place.", "")
    # This person holds no place, because the sector is full.
    late = register(mixed, "justice", family_name="Sen")
    page = overview(organiser)
    shown = page.follow("1 more has not confirmed the address and holds no place.")
    assert names(shown) == [f"Sen, {late.given_name}"]


def test_balance_says_when_floors_keep_more_than_is_free(sign_in_as, mixed):
    start_write(db.session)
    mixed.capacity, mixed.sectors[1].floor, mixed.sectors[1].ceiling = 4, 4, 6
    db.session.commit()
    assert overview(sign_in_as(event=mixed)).all(".balance-sum") == [
        "3 taken + 3 kept by floors = 6, and there are 4 places: the floors keep 2 more than are free."
    ]


def test_released_floors_keep_nothing(sign_in_as, mixed):
    clock.freeze(mixed.release_at)
    page = overview(sign_in_as(event=mixed, at=mixed.release_at))
    assert balance(page)["NGOs"]["Kept by floor"] == 0
    assert page.all(".balance-sum") == ["3 taken + 7 open to every sector = 10 places."]


def test_each_number_that_is_a_link_leads_to_exactly_so_many_people(sign_in_as, mixed):
    organiser = sign_in_as(event=mixed)
    shown = [
        (int(link.get_text()), link["href"]) for link in overview(organiser).soup.select(".balance td a")
    ]
    assert len(shown) == 9
    for number, address in shown:
        page = organiser.get(address)
        assert (len(names(page)), page.all(".filters-said")[0].split()[0]) == (number, str(number)), address


def test_what_is_held_is_told_apart(sign_in_as, mixed):
    assert (
        "Held: 0 offered, 2 with an address that is not confirmed yet. The first of these places is free again within"
        " 48 hours. Who is in review or waits holds no place." in overview(sign_in_as(event=mixed)).text
    )


def test_last_registrations_are_the_newest_first(organiser, event):
    for number in range(10):
        register(event, "ngo", family_name=f"N{number}", now=NOW - timedelta(hours=10 - number))
    assert names(overview(organiser)) == names(overview(organiser))
    page = overview(organiser)
    assert page.all(".latest-name") == [f"N{number}, Åsa" for number in range(9, 3, -1)]
    assert page.links["All 10"] == "/console/nf27/attendees"


def test_registration_in_review_is_something_to_do(sign_in_as, mixed):
    page = overview(sign_in_as(event=mixed))
    assert "1 registration waits for a decision" in tasks(page)
    assert "Åsa Berg has waited longest, since 3 May 2027." in page.text
    assert page.links["1 registration waits for a decision"] == "/console/nf27/review/"


def test_nothing_to_do_is_said(organiser):
    beat(NOW)
    assert "There is nothing to do right now." in overview(organiser).text


def test_what_comes_is_told_in_order_and_what_has_passed_is_not(sign_in_as, mixed):
    assert coming(overview(sign_in_as(event=mixed))) == [
        "1 Oct 00:00 Kept places are released: today 2 places",
        "31 Oct 23:59 Registration closes",
        "16 Nov 09:00 The forum begins",
        "17 Nov 16:30 The forum ends",
    ]


def test_end_of_open_offers_is_among_what_comes(sign_in_as, database):
    event = make_event(capacity=1, sectors=[make_sector("ngo", ceiling=1)])
    first = confirmed(event, "ngo")
    confirmed(event, "ngo")
    write(actions.cancel, first, actor="command", now=NOW)
    assert coming(overview(sign_in_as(event=event)))[0] == "5 May 14:00 The open offer ends"


def test_an_offer_whose_time_is_over_hides_no_open_offer(sign_in_as, database):
    """Until the worker has ended it, the overview counts and tells only the offers that can still be accepted."""
    event = make_event(capacity=2, sectors=[make_sector("ngo", ceiling=2)])
    holders = [confirmed(event, "ngo"), confirmed(event, "ngo")]
    confirmed(event, "ngo"), confirmed(event, "ngo")
    for number, holder in enumerate(holders):
        write(actions.cancel, holder, actor="command", now=NOW + timedelta(minutes=10 * number))
    clock.freeze(NOW + timedelta(hours=48))
    organiser = sign_in_as(event=event, at=NOW + timedelta(hours=48))
    assert coming(overview(organiser))[0] == "5 May 14:10 The open offer ends"
    clock.freeze(NOW + timedelta(hours=48, minutes=10))
    assert "open offer" not in " ".join(coming(overview(organiser)))


@pytest.mark.parametrize(
    ("moment", "said"),
    [
        (NOW - timedelta(days=31), "Registration opens on 3 April 2027."),
        (NOW, "Registration is open for 181 more days."),
        (datetime(2027, 10, 31, 20, 0, tzinfo=UTC), "Registration closes today."),
        (datetime(2027, 11, 1, 20, 0, tzinfo=UTC), "Registration is closed."),
        (datetime(2027, 11, 17, 15, 30, tzinfo=UTC), "The forum is over."),
    ],
)
def test_heading_says_where_the_event_stands_today(event, sign_in_as, moment, said):
    clock.freeze(moment)
    assert overview(sign_in_as(event=event, at=moment)).text.split("To do")[0].endswith(f"2027. {said} ")


@pytest.mark.parametrize(
    ("moment", "state"),
    [
        (NOW - timedelta(days=31), "Not open yet"),
        (NOW - timedelta(days=30), "Open"),
        (datetime(2027, 11, 1, 12, 0, tzinfo=UTC), "Closed"),
        (NOW + timedelta(days=365), "Over"),
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
    assert tasks(page) == ["! Messages are not reaching people"]
    assert "1 message is waiting." in page.text
    beat(NOW)
    assert tasks(overview(organiser)) == []
    beat(NOW - timedelta(minutes=2))
    assert tasks(overview(organiser)) == ["! Messages are not reaching people"]


def test_mail_that_is_taken_by_no_server_is_told_after_a_quarter_of_an_hour(organiser, event):
    register(event, "ngo")
    later = NOW + timedelta(minutes=15, seconds=1)
    clock.freeze(later)
    beat(later)
    page = overview(organiser)
    assert tasks(page) == ["! Messages are not reaching people"]
    assert "1 message has been waiting for more than 15 minutes." in page.text
    assert "not been heard from" not in page.text


def fail_all():
    beat(NOW)
    start_write(db.session)
    db.session.execute(update(OutboxMessage).values(status=MessageStatus.FAILED))
    db.session.commit()


def test_failed_mail_is_told_and_leads_to_it(organiser, event):
    register(event, "ngo", family_name="Berg")
    fail_all()
    page = overview(organiser)
    assert page.links["1 message has failed"] == "/console/nf27/mail?status=failed"
    assert "not been heard from" not in page.text
    assert page.all(".console-side nav li") == [
        *("Overview", "Attendees", "Organisations", "Waiting list", "Invitations", "Messages 1 failed"),
        *("News", "Pages", "Images", "Figures", "Log", "Settings"),
    ]


def test_failed_mail_is_no_task_any_more_once_each_is_dealt_with(organiser, event):
    """A failed mail counts as handled when it was retried or dismissed, or when a later mail reached the person."""
    people = [register(event, "ngo", given_name=name, family_name="Berg") for name in "ABC"]
    fail_all()
    assert tasks(overview(organiser)) == ["3 messages have failed"]
    log = organiser.get("/console/nf27/mail?status=failed")
    log.form("form[action*=retry]").submit()
    assert tasks(overview(organiser)) == ["2 messages have failed"]
    organiser.get("/console/nf27/mail?status=failed").form("form[action*=dismiss]").submit(
        {"reason": "not_needed"}
    )
    assert tasks(overview(organiser)) == ["1 message has failed"]
    left = organiser.get("/console/nf27/mail?status=failed").follow(names(log)[-1])
    write(
        actions.resend,
        next(person for person in people if person.reference in left.path),
        actor="command",
        now=NOW,
    )
    assert tasks(overview(organiser)) == []


def test_navigation_says_where_one_is(organiser, event):
    person = register(event, "ngo")
    for endpoint, here in (
        ("console.overview", "Overview"),
        ("attendees.show", "Attendees"),
        ("outbox.index", "Messages"),
    ):
        values = {"reference": person.reference} if endpoint == "attendees.show" else {}
        page = organiser.get(endpoint, event="nf27", **values)
        assert page.all(".console-side nav a[aria-current]") == [here]


def test_empty_event_says_what_comes(organiser):
    assert overview(organiser).all(".empty-title") == ["Nobody has registered yet"]


def test_number_of_queries_is_the_same_for_one_and_for_three(organiser, event):
    register(event, "ngo")
    # Recording the first view within an hour takes statements, so open the page once before they are counted.
    overview(organiser)
    one = len(overview(organiser).statements)
    register(event, "justice")
    confirmed(event, "tech")
    assert (len(overview(organiser).statements), one <= 17) == (one, True)


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


def test_past_event_without_registrations_says_that_they_are_not_kept(sign_in_as, event, archive):
    organiser = sign_in_as(Role.ORGANISER)
    page = overview(organiser, "nf16")
    assert "This forum’s registrations are not kept here." in page.text
    assert (page.soup.select(".balance, .balance-ring"), facts(page)) == ([], {"State": "Archived"})
    for path, said in (("attendees", "registrations"), ("mail", "messages")):
        page = organiser.get(f"/console/nf16/{path}")
        assert page.all(".empty-title") == [f"This forum’s {said} are not kept here"]


def test_archive_is_called_so(sign_in_as, event, archive):
    assert facts(overview(sign_in_as(Role.ORGANISER), "nf16"))["State"] == "Archived"


def test_whoever_has_no_role_is_told_so(app, event):
    pages = Pages(app)
    sign_in(pages, make_user(None))
    for page in PAGES:
        pages.get(f"/console/nf27/{page}", expect=404)
    assert "your role does not show it" in pages.get("/console/", expect=404).text


def test_whoever_cannot_make_the_first_event_is_told_that_there_is_none(app, database):
    pages = Pages(app)
    sign_in(pages, make_user(Role.VIEWER))
    assert pages.get("/console/").all(".empty-title") == ["There is no event yet"]


# For each role: the first page after signing in, and the navigation.
NARROW = {
    Role.DOOR: ("/console/nf27/reception", ["Reception"]),
    Role.REGISTRAR: (
        "/console/nf27/",
        ["Overview", "Attendees", "Organisations", "Waiting list", "Invitations", "Figures"],
    ),
    Role.REVIEWER: ("/console/nf27/review/", ["Review"]),
    Role.VIEWER: ("/console/nf27/", ["Overview", "Attendees", "Figures"]),
    Role.EDITOR: ("/console/nf27/news", ["News", "Pages", "Images"]),
    Role.MAILER: ("/console/nf27/mail", ["Messages"]),
    Role.PROTECTED_HANDLER: ("/console/nf27/reveals", ["Protected identity"]),
    Role.CARE: ("/console/nf27/counts", ["Counts of answers"]),
}


@pytest.mark.parametrize("role", NARROW)
def test_a_narrow_role_begins_with_its_own_page_and_sees_no_others(sign_in_as, event, archive, role):
    pages, (first, items) = sign_in_as(role, event), NARROW[role]
    begun = pages.get("/console/", follow=True)
    assert (begun.path, begun.all(".console-side nav li")) == (first, items)
    assert begun.soup.select_one(".brand")["href"] == first
    pages.get("/console/nf16/", expect=404)


def test_a_viewer_reads_people_without_notes_and_acts(sign_in_as, event):
    """A viewer reads about a person what organisers read, except private notes, and the page has no form."""
    person = register(event, "ngo")
    path = f"/console/nf27/registrations/{person.reference}"
    organiser = sign_in_as(Role.ORGANISER, event)
    organiser.get(f"{path}/notes").form("main form").submit({"text": "Private words"}, expect=303)
    organiser, viewer = organiser.get(path), sign_in_as(Role.VIEWER, event).get(path)
    assert ("Private words" in organiser.text, "Private words" in viewer.text) == (True, False)
    assert person.email in viewer.text
    assert [form["action"] for form in viewer.soup.select("main form")] == []


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

    page = overview(sign_in_as(event=event))
    said = page.text
    assert (
        "Many forms came from one network" in page.follow("5 forms were held back in the last 24 hours").text
    )
    assert "had to be sent twice. Held back: at least 3, the last at 3 May 2027 14:00." in said
    assert "Many forms came from one network. Held back: at least 1" in said
    assert "minst 3, senast den 3 maj 2027 14:00" in overview(sign_in_as(event=event, language="sv")).text
