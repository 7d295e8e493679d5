"""What a person's own page shows in each state: the pass with name and days, the steps so far, and information."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from forum import clock
from forum.accounts.enums import Role
from forum.accounts.models import Membership, User
from forum.database import start_write
from forum.extensions import db
from forum.registration import actions
from tests.factories.events import NOW, ORGANISER, make_event, make_page, make_sector
from tests.factories.questions import make_question
from tests.factories.registrations import confirmed, register, write
from tests.factories.saving import save
from tests.registration.reading import newest_mail

pytestmark = pytest.mark.usefixtures("frozen", "database")
NIGHT = {"ends": "17:00", "starts": "08:30"}


@pytest.fixture
def room():
    """Save an event with one place."""
    return make_event(capacity=1, sectors=[make_sector("justice", ceiling=1)], nights=[NIGHT], **ORGANISER)


def own_page(pages, registration):
    address = newest_mail(registration).address.removeprefix("http://127.0.0.1:8000")
    return pages.get(address, follow=True)


def stages(page) -> list[tuple[str, str]]:
    """Return the steps that the page lists from registering to the forum, each with its state."""
    return [(" ".join(step.get_text(" ").split()), step["class"][1]) for step in page.soup.select(".stage")]


def test_who_has_a_place_has_a_pass_with_name_sector_days_and_hours(pages, room):
    registration = confirmed(
        room, given_name="Åsa", family_name="Berg", organisation="Exempelstads tingsrätt"
    )
    page = own_page(pages, registration)
    assert page.all(".pass-number, .pass-event") == [registration.reference, "Nordic Forum 2027 Stockholm"]
    assert page.all(".pass-facts > div") == [
        "Name Åsa Berg Exempelstads tingsrätt",
        "Sector Justice",
        "Tuesday 16 November 2027 9:00–17:00",
        "Wednesday 17 November 2027 8:30–16:30",
    ]
    assert stages(page) == [
        ("Registered 3 May 2027", "stage-done"),
        ("E-mail confirmed 3 May 2027", "stage-done"),
        ("Place confirmed 3 May 2027", "stage-now"),
        ("The forum 16–17 November 2027", "stage-to-come"),
    ]


def test_beside_it_stand_what_to_read_whom_to_ask_and_the_ways_out(pages, room):
    make_page(room, "practical"), make_page(room, "code-of-conduct"), make_page(room, "privacy")
    page = own_page(pages, confirmed(room))
    beside = {link.text: link["href"] for link in page.soup.select("aside a")}
    assert beside == {
        "Practical": "/en/pages/practical",
        "Page code-of-conduct": "/en/pages/code-of-conduct",
        "Let a colleague come instead": "/en/r/substitute",
        "Cancel your registration": "/en/r/cancel",
        "Everything we hold about you": "/en/r/own-data",
        "Who has seen it": "/en/r/own-data#seen",
        "Ask to be erased": "/en/r/erasure",
        "Ask for restriction, or object": "/en/r/restriction",
        "Protected identity: say so, change it or take it back": "/en/r/protected-identity",
        "forum@example.org": "mailto:forum@example.org",
        "+46 8 465 004 40": "tel:+46846500440",
    }
    assert page.all(".own-leave button") == ["Leave this page"]


def test_who_waits_reads_the_place_in_line(pages, room):
    confirmed(room)
    page = own_page(pages, confirmed(room))
    assert page.h1 == "You are on the waiting list"
    assert stages(page)[2:] == [
        ("On the waiting list 1st in line", "stage-now"),
        ("Place confirmed", "stage-to-come"),
        ("The forum 16–17 November 2027", "stage-to-come"),
    ]
    assert page.links["Leave the waiting list"] == "/en/r/cancel"
    assert page.soup.select(".pass") == []


def test_an_offer_is_declined_by_one_press_where_it_can_be_accepted(pages, room, database):
    holder, waiting = confirmed(room), confirmed(room)
    write(actions.cancel, holder, actor="person", now=NOW)
    page = own_page(pages, waiting)
    forms = [(form["action"], form.button.text) for form in page.soup.select(".own-main > form.form")[:2]]
    assert forms == [
        ("/en/r/accept", "Accept the place"),
        ("/en/r/decline", "Decline and end your registration"),
    ]
    said = page.soup.select_one("form[action$=decline]").find_previous_sibling("p").text
    ends = (
        "If you decline, you leave the waiting list and your registration ends at once. You cannot undo this."
    )
    assert said.startswith(ends)
    assert stages(page)[2:5] == [
        ("On the waiting list 3 May 2027", "stage-done"),
        ("Place offered until 5 May 2027 at 14:00 (CEST)", "stage-now"),
        ("Place confirmed", "stage-to-come"),
    ]
    assert "Your place becomes free" not in page.text
    assert "The place that is offered to you becomes free at once." in page.text
    done = page.form("form[action$=decline]").submit()
    assert pages.get(done.location).h1 == "You have declined the place"
    database.refresh(waiting)
    assert waiting.status == "cancelled"


def test_an_offer_whose_time_is_over_has_no_buttons_before_the_worker_ends_it(pages, room):
    """The worker may lengthen an offer whose mail was late, so the page does not say that the place is lost."""
    holder, waiting = confirmed(room), confirmed(room)
    write(actions.cancel, holder, actor="person", now=NOW)
    clock.freeze(NOW + timedelta(hours=48))
    page = own_page(pages, waiting)
    assert "The time to accept the place ended on 5 May 2027 at 14:00 (CEST)." in page.text
    assert "The place is yours" not in page.text
    assert page.soup.select("form[action$=accept], form[action$=decline]") == []


def test_who_accepted_an_offer_sees_since_when_they_waited_and_when_it_was_made(pages, room):
    holder, waiting = confirmed(room), confirmed(room)
    write(actions.cancel, holder, actor="person", now=NOW + timedelta(days=1))
    write(actions.accept_offer, waiting, now=NOW + timedelta(days=2))
    clock.freeze(NOW + timedelta(days=3))
    page = own_page(pages, waiting)
    if page.h1 != "You have a place":
        page = pages.get(page.submit().location)
    assert stages(page)[1:5] == [
        ("E-mail confirmed 3 May 2027", "stage-done"),
        ("On the waiting list 3 May 2027", "stage-done"),
        ("Place offered 4 May 2027", "stage-done"),
        ("Place confirmed 5 May 2027", "stage-now"),
    ]


def test_no_page_says_that_a_place_goes_to_somebody_who_may_not_be_there(pages, room):
    page = own_page(pages, confirmed(room))
    said = "becomes free at once. It is offered to the next in line who can take it, if there is anyone."
    assert said in page.text
    assert said in pages.get("self_service.cancel").text
    assert "write to you as soon as a place is free for you;" in own_page(pages, confirmed(room)).text


@pytest.mark.parametrize(
    ("family_name", "title", "last"),
    [("Berg", "You had a place", "The forum"), ("Ek", "You were on the waiting list", "Was waiting")],
)
def test_after_the_event_the_page_speaks_of_the_past_and_offers_nothing(
    pages, room, family_name, title, last
):
    make_page(room, "practical")
    people = {name: confirmed(room, family_name=name) for name in ("Berg", "Ek")}
    clock.freeze(room.ends_at)
    page = own_page(pages, people[family_name])
    assert (page.h1, stages(page)[-1][0].startswith(last)) == (title, True)
    for offer in ("in line", "We write to you", "Before you come", "If you cannot come", "Add to calendar"):
        assert offer not in page.text
    assert pages.get("self_service.cancel", expect=303).location == "/en/r/"


def test_when_registration_is_closed_cancelling_offers_no_new_registration(pages, room):
    registration = confirmed(room)
    clock.freeze(room.closes_at)
    own_page(pages, registration)
    asked = pages.get("self_service.cancel")
    assert "Registration is closed, so you cannot register again." in asked.text
    assert "You can register again" not in asked.text
    assert "Register again" not in asked.submit(follow=True).links


def test_leaving_the_waiting_list_is_called_so(pages, room, database):
    confirmed(room)
    waiting = confirmed(room)
    own_page(pages, waiting)
    asked = pages.get("self_service.cancel")
    assert (asked.h1, asked.all("main form button")) == (
        "Leave the waiting list?",
        ["Leave the waiting list"],
    )
    asked.submit()
    assert newest_mail(waiting).subject == "You have left the waiting list"


def test_swedish_mail_about_cancelling_writes_the_day_as_swedish_does(room):
    registration = confirmed(room, language="sv")
    write(actions.cancel, registration, actor="person", now=NOW)
    assert "så länge anmälan är öppen, till den " in newest_mail(registration).text


def test_what_has_ended_leads_no_further(pages, room, database):
    make_page(room, "practical")
    registration = register(room)
    address = newest_mail(registration).address.removeprefix("http://127.0.0.1:8000")
    pages.get(address).submit(follow=True)
    start_write(database)
    registration.status, registration.holds_place = "declined", False
    registration.ended_at = NOW + timedelta(days=1)
    database.commit()
    page = pages.get("self_service.show")
    assert stages(page)[-1] == ("Declined 4 May 2027", "stage-now")
    assert [link for link in page.links if link.startswith(("Cancel", "Change", "Protected"))] == []
    assert "Practical" not in page.all("aside a")


def test_an_administrators_look_is_told_as_that_also_if_they_handle_protected_identities(
    pages, room, sign_in_as
):
    registration = confirmed(room)
    admin = sign_in_as(Role.ADMIN, room)
    user_id = db.session.scalars(select(User.id)).one()
    save(Membership(user_id=user_id, event_id=room.id, role=Role.PROTECTED_HANDLER))
    admin.get("attendees.show", event="nf27", reference=registration.reference)
    own_page(pages, registration)
    seen = pages.get("self_service.own_data_page").text
    assert ("Administrator" in seen, "Handler of protected identities" in seen) == (True, False)


def test_the_link_to_food_and_access_is_called_as_the_page_is(pages, room):
    make_question(room, "diet", choices=("vegan",), care=True)
    own_page(pages, confirmed(room, language="sv"))
    page = pages.get("/sv/r/")
    link = next(label for label in page.links if label.startswith("Mat och tillgänglighet:"))
    assert page.follow(link).h1 == "Mat och tillgänglighet"


def test_own_data_are_a_short_list_a_timeline_and_tables(pages, room):
    registration = confirmed(room)
    own_page(pages, registration)
    page = pages.get("self_service.own_data_page")
    rows = {row.dt.text: row.dd.text.strip() for row in page.soup.select(".summary-row")}
    assert (rows["Reference"], rows["Registered"]) == (registration.reference, "3 May 2027 at 14:00 (CEST)")
    assert page.all(".timeline-title") == ["Place confirmed", "Address confirmed", "Registration received"]
    messages = page.soup.select("table")[0]
    assert [head.text for head in messages.select("thead th")][:3] == ["Message", "Subject", "To"]
    assert [head.text for head in messages.select("tbody th")] == ["Confirm your address", "Place confirmed"]


def test_own_page_gives_no_number_of_an_organiser_whom_nobody_has_named(pages):
    page = own_page(pages, confirmed(make_event(organiser_phone="+46 8 465 004 40")))
    assert "+46 8 465 004 40" not in page.text
