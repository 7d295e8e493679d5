"""A registration's page in the console: its facts, cancelling, sending a mail again; the waiting list's page."""

from datetime import timedelta

import pytest
from sqlalchemy import update

from forum import clock
from forum.audit.queries import find_history
from forum.database import start_write
from forum.extensions import db
from forum.outbox.wording import kind_text
from forum.registration import actions, filtering
from forum.registration.applicant import CHANGEABLE, Details
from forum.registration.enums import LIVE, ConsentPurpose, Status
from forum.registration.models import Registration
from tests.factories.events import NOW, make_event, make_sector
from tests.factories.registrations import confirmed, register, register_elsewhere
from tests.registration.reading import queued
from tests.tables import names, rows


@pytest.fixture
def person(event):
    return confirmed(
        event,
        "justice",
        given_name="Åsa",
        family_name="Bergström",
        phone="+46 8 123",
        email="asa@example.org",
    )


def facts(page):
    """Return the rows of the page's summary lists, as {label: value}."""
    labels = page.all(".summary-list dt")
    return dict(zip(labels, page.all(".summary-list dd:not(.summary-change)"), strict=True))


def told(page):
    """Return the titles of the page's timeline, the newest first."""
    return page.all(".timeline-title")


def show(organiser, registration, **options):
    return organiser.get("attendees.show", event="nf27", reference=registration.reference, **options)


def fresh(registration):
    db.session.rollback()
    return db.session.get(Registration, registration.id)


def test_page_shows_what_the_person_has_told(organiser, person):
    page = show(organiser, person)
    shown = facts(page)
    assert (page.h1, page.all(".status")) == ("Åsa Bergström", ["Confirmed"])
    assert {
        label: shown[label] for label in ("Reference", "E-mail address", "Phone number", "Sector", "Country")
    } == {
        "Reference": person.reference,
        "E-mail address": "asa@example.org",
        "Phone number": "+46 8 123",
        "Sector": "Justice",
        "Country": "Sweden",
    }
    assert shown["Registered"] == "3 May 2027 at 14:00 (CEST)"


def test_page_shows_each_consent_with_its_days(organiser, event):
    both = frozenset(ConsentPurpose)
    person = confirmed(event, "ngo", consents=both)
    start_write(db.session)
    actions.set_consents(person, both - {ConsentPurpose.PHOTOGRAPHS}, now=NOW + timedelta(days=1))
    db.session.commit()
    shown = facts(show(organiser, person))
    assert shown["List of participants"] == "Yes, since 3 May 2027"
    assert shown["Photographs"] == "No, withdrawn 4 May 2027"


def test_timeline_tells_acts_and_mails_the_newest_first(organiser, event):
    person = register(event, "justice")
    start_write(db.session)
    actions.confirm(person, now=NOW + timedelta(hours=1))
    db.session.commit()
    page = show(organiser, person)
    assert told(page) == [
        "Message: Place confirmed",
        "Place confirmed",
        "Address confirmed",
        "Message: Confirm your address",
        "Registration received",
    ]
    assert page.all(".timeline-when") == [
        "3 May 2027 at 15:00 (CEST)",
        "3 May 2027 at 15:00 (CEST) · by the person",
        "3 May 2027 at 15:00 (CEST) · by the person",
        "3 May 2027 at 14:00 (CEST)",
        "3 May 2027 at 14:00 (CEST) · by the form",
    ]


def test_timeline_names_changed_fields_and_never_their_values(organiser, person):
    start_write(db.session)
    details = {name: getattr(person, name) for name in CHANGEABLE}
    changed = Details(**{**details, "title": "Secret title", "phone": None})
    actions.change(person, changed, actor="person", now=NOW + timedelta(minutes=1))
    db.session.commit()
    page = show(organiser, person)
    assert facts(page)["Title or role"] == "Secret title"
    assert page.all(".timeline-detail")[0] == "Title or role, Phone number"
    assert "Secret title" not in " ".join(page.all(".timeline"))


def test_waiting_person_has_a_place_in_line(sign_in_as, database):
    event = make_event(capacity=0, sectors=[make_sector("ngo")])
    confirmed(event, "ngo")
    second = confirmed(event, "ngo")
    assert show(sign_in_as(event=event), second).all(".status") == ["Waiting, 2nd in line"]


@pytest.fixture
def line(event):
    """Save four people, A to D: B in the sector ngo, the others in justice; D registered first."""
    return [
        confirmed(event, sector, family_name=name, now=NOW - timedelta(hours=hours))
        for name, sector, hours in (
            ("A", "justice", 1),
            ("B", "ngo", 2),
            ("C", "justice", 3),
            ("D", "justice", 4),
        )
    ]


def test_person_leads_to_who_stands_beside_in_the_list_with_its_filters(organiser, line):
    page = organiser.get("attendees.index", event="nf27", sector="justice", sort="-name").follow("C, Åsa")
    assert page.path.endswith(f"/{line[2].reference}?sector=justice&sort=-name")
    assert page.follow("Next person").h1 == "Åsa A"
    assert page.follow("Previous person").h1 == "Åsa D"
    assert page.soup.select_one(".console-side nav a[aria-current]")["href"] == "/console/nf27/attendees"
    back = page.soup.select_one(".breadcrumbs a")["href"]
    assert back == "/console/nf27/attendees?sector=justice&sort=-name"


def test_first_and_last_person_have_nobody_beyond(organiser, line):
    ends = [show(organiser, person) for person in (line[0], line[-1])]
    assert [page.all(".person-steps a") for page in ends] == [["Next person"], ["Previous person"]]


@pytest.mark.parametrize("sort", [sign + sort for sort in filtering.SORTS for sign in ("", "-")])
def test_stepping_through_the_people_goes_through_the_list(organiser, line, sort):
    whole = names(organiser.get("attendees.index", event="nf27", sort=sort))
    page = organiser.get("attendees.index", event="nf27", sort=sort).follow(whole[0])
    walked = [page.h1]
    while "Next person" in page.links:
        page = page.follow("Next person")
        walked.append(page.h1)
    assert [f"{name.split()[1]}, {name.split()[0]}" for name in walked] == whole


def test_person_who_waits_is_followed_by_the_next_in_line(sign_in_as, database):
    event = make_event(capacity=1, sectors=[make_sector("ngo", ceiling=1)])
    for name, hours in (("Placed", 3), ("First", 2), ("Second", 1)):
        confirmed(event, "ngo", family_name=name, now=NOW - timedelta(hours=hours))
    page = sign_in_as(event=event).get("waiting_list.index", event="nf27").follow("First, Åsa")
    assert page.follow("Next person").h1 == "Åsa Second"


def test_filter_of_a_persons_address_that_names_nothing_is_not_found(organiser, person):
    organiser.get(f"/console/nf27/registrations/{person.reference}?sector=nobody", expect=404)


def test_cancelling_keeps_the_filters(organiser, line):
    page = organiser.get("attendees.index", event="nf27", sector="justice").follow("A, Åsa")
    asked = page.follow("Cancel the registration")
    assert asked.links["Keep the registration"].endswith(f"/{line[0].reference}?sector=justice")
    assert asked.submit(button="Cancel the registration").location.endswith(
        f"/{line[0].reference}?sector=justice"
    )


def test_cancel_page_says_what_will_happen_and_changes_nothing(organiser, person):
    page = organiser.get("attendees.cancel", event="nf27", reference=person.reference)
    assert page.h1 == "Cancel the registration of Åsa Bergström"
    assert "A message about the cancellation is sent to asa@example.org." in page.all("main li")
    assert (
        "The place becomes free and is offered at once to the next in line who can take it, if there is anyone."
        in page.all("main li")
    )
    assert fresh(person).status == Status.CONFIRMED


def test_cancelling_ends_the_registration_in_the_organisers_name(organiser, person):
    clock.freeze(NOW + timedelta(minutes=1))
    page = (
        show(organiser, person)
        .follow("Cancel the registration")
        .submit(button="Cancel the registration", follow=True)
    )
    assert page.flashes == ["The registration has been cancelled. A message is on its way to the person."]
    assert page.all(".status") == ["Cancelled"]
    assert told(page)[:2] == ["Message: Registration cancelled", "Registration cancelled"]
    assert page.all(".timeline-when")[1].startswith("3 May 2027 at 14:01 (CEST) · Organiser ")
    assert queued()[-1] == ("cancelled", "asa@example.org")


def test_cancelling_offers_the_place_to_the_next_in_line(sign_in_as, database):
    event = make_event(capacity=1, sectors=[make_sector("ngo", ceiling=1)])
    first, second = confirmed(event, "ngo"), confirmed(event, "ngo")
    sign_in_as(event=event).post("attendees.cancel", event="nf27", reference=first.reference)
    assert (fresh(first).status, fresh(second).status) == (Status.CANCELLED, Status.OFFERED)


def test_ended_registration_has_no_buttons(organiser, person):
    organiser.post("attendees.cancel", event="nf27", reference=person.reference)
    page = show(organiser, person)
    assert page.all(".actions button, .actions a") == []
    assert organiser.get("attendees.cancel", event="nf27", reference=person.reference).h1 == (
        "The registration of Åsa Bergström has ended"
    )


def test_cancelling_twice_says_so_and_changes_nothing(organiser, person):
    page = organiser.get("attendees.cancel", event="nf27", reference=person.reference)
    page.submit(button="Cancel the registration")
    before = len(find_history(person))
    again = page.submit(button="Cancel the registration", follow=True)
    assert again.flashes[-1] == "The registration has already ended. Nothing was changed."
    assert len(find_history(fresh(person))) == before


def test_sending_again_queues_the_mail_of_the_state(organiser, event):
    person = register(event, "justice", email="bo@example.org")
    clock.freeze(NOW + timedelta(minutes=1))
    asking = show(organiser, person).follow("Send the message again")
    assert (asking.h1, queued()) == ("Send “Confirm your address” again", [("received", "bo@example.org")])
    page = asking.submit(button="Send the message", follow=True)
    assert page.flashes == ["The message “Confirm your address” is on its way to bo@example.org."]
    assert queued() == [("received", "bo@example.org")] * 2
    assert told(page)[:2] == ["Message: Confirm your address", "Message sent again"]


def test_sending_again_to_an_ended_registration_says_so(organiser, person):
    page = show(organiser, person).follow("Send the message again")
    organiser.post("attendees.cancel", event="nf27", reference=person.reference)
    again = page.submit(button="Send the message", follow=True)
    assert again.flashes[-1] == "The registration has already ended. Nothing was changed."
    ended = organiser.get("attendees.resend", event="nf27", reference=person.reference)
    assert (ended.h1, ended.all("main form")) == ("The registration of Åsa Bergström has ended", [])


@pytest.mark.parametrize("page", ["cancel", "resend"])
def test_page_that_came_too_late_keeps_the_filters_of_the_list(organiser, person, page):
    asking = organiser.get(f"/console/nf27/registrations/{person.reference}/{page}?status=place")
    assert asking.all(".console-side [aria-current=page]") == ["Attendees"]
    organiser.post("attendees.cancel", event="nf27", reference=person.reference)
    assert (
        asking.submit(expect=303).location == f"/console/nf27/registrations/{person.reference}?status=place"
    )


def test_message_that_fits_no_longer_is_not_sent(organiser, event):
    person = register(event, "justice", email="bo@example.org")
    page = show(organiser, person).follow("Send the message again")
    start_write(db.session)
    actions.confirm(person, now=NOW + timedelta(hours=1))
    db.session.commit()
    before = queued()
    again = page.submit(button="Send the message", follow=True)
    assert again.flashes == [
        "Nothing was sent: the registration has changed, and the message does not fit it any more."
    ]
    assert (again.h1, queued()) == ("Send “Place confirmed” again", before)
    assert "It is written in English." in again.all("main li")


@pytest.mark.parametrize("status", [*LIVE])
def test_page_names_the_message_that_is_sent(organiser, event, status):
    """In each state of the registration, the page names the mail that its button sends again, and queues this mail."""
    person = register(event, "justice")
    start_write(db.session)
    moments = {"waiting_since": NOW, "offer_expires_at": NOW + timedelta(days=1)}
    values = {"status": status, "holds_place": status in ("confirmed", "offered"), **moments}
    db.session.execute(update(Registration).where(Registration.id == person.id).values(values))
    db.session.commit()
    page = organiser.get("attendees.resend", event="nf27", reference=person.reference)
    page.submit(button="Send the message", expect=303)
    assert page.h1 == f"Send “{kind_text(queued()[-1][0])}” again"


def test_reading_changes_nothing_but_that_it_is_recorded(organiser, person):
    for endpoint in ("attendees.show", "attendees.cancel"):
        page = organiser.get(endpoint, event="nf27", reference=person.reference)
        written = [statement for statement in page.statements if not statement.startswith("SELECT")]
        assert [" ".join(statement.split()[:3]) for statement in written] == [
            "INSERT INTO audit_entries",
            "INSERT INTO audit_details",
        ]


def test_asking_which_message_is_sent_sends_none(organiser, person):
    before = queued()
    page = organiser.get("attendees.resend", event="nf27", reference=person.reference)
    tables = {" ".join(line.split()[:3]) for line in page.statements if not line.startswith("SELECT")}
    assert (tables, queued()) == ({"INSERT INTO audit_entries", "INSERT INTO audit_details"}, before)


def test_registration_of_another_event_is_not_found(organiser, event, archive):
    theirs = register_elsewhere(archive, "ngo")
    show(organiser, theirs, expect=404)
    organiser.get("attendees.cancel", event="nf27", reference=theirs.reference, expect=404)
    token = organiser.get("attendees.export", event="nf27").form().data["csrf_token"]
    for act in ("cancel", "resend"):
        path = f"/console/nf27/registrations/{theirs.reference}/{act}"
        organiser.open(path, method="POST", data={"csrf_token": token}, expect=404)
        organiser.open(path.replace("nf27", "nf16"), method="POST", data={"csrf_token": token}, expect=404)
    assert fresh(theirs).status == Status.CONFIRMED


def test_number_of_queries_is_the_same_for_a_short_and_a_long_history(organiser, person):
    # Compare the third view of the page, because a third view within an hour writes no audit entry.
    one = [len(show(organiser, person).statements) for _ in range(3)][-1]
    for _ in range(3):
        show(organiser, person).follow("Send the message again").submit(button="Send the message")
    more = len(show(organiser, person).statements)
    assert more == one + 1  # one more query reads the names of the organisers who acted


def test_waiting_list_shows_each_sector_in_order(sign_in_as, database):
    event = make_event(
        capacity=0,
        sectors=[make_sector("ngo", position=1), make_sector("tech", position=2)],
    )
    confirmed(event, "ngo", family_name="Second", now=NOW)
    confirmed(event, "ngo", family_name="First", now=NOW - timedelta(hours=1))
    confirmed(event, "tech", family_name="Alone")
    clock.freeze(NOW)
    page = sign_in_as(event=event).get("waiting_list.index", event="nf27")
    assert page.all("main h2") == ["NGOs", "IT and telecom"]
    assert [row[:2] for row in rows(page)] == [["1", "First, Åsa"], ["2", "Second, Åsa"]]
    assert rows(page)[0][3] == "3 May 2027 13:00"


def test_long_line_shows_its_head_and_leads_to_the_rest(sign_in_as, database, monkeypatch):
    monkeypatch.setattr("forum.registration.listing.SHOWN_OF_LINE", 2)
    event = make_event(capacity=0, sectors=[make_sector("ngo")])
    for number in range(3):
        confirmed(event, "ngo", family_name=f"Person{number}")
    page = sign_in_as(event=event).get("waiting_list.index", event="nf27")
    assert [row[1] for row in rows(page)] == ["Person0, Åsa", "Person1, Åsa"]
    rest = page.follow("See all who wait in NGOs")
    assert len(rows(rest)) == 3


def test_empty_waiting_list_says_why(organiser, sign_in_as):
    assert organiser.get("waiting_list.index", event="nf27").all(".empty-title") == ["Nobody is waiting"]


def test_event_without_waiting_list_says_so(sign_in_as, database):
    event = make_event(has_waiting_list=False)
    page = sign_in_as(event=event).get("waiting_list.index", event="nf27")
    assert page.all(".empty-title") == ["This event has no waiting list"]


def test_waiting_list_asks_the_same_number_of_queries_for_one_and_for_three(sign_in_as, database):
    event = make_event(capacity=0, sectors=[make_sector("ngo"), make_sector("tech")])
    organiser = sign_in_as(event=event)
    confirmed(event, "ngo")
    one = len(organiser.get("waiting_list.index", event="nf27").statements)
    confirmed(event, "tech")
    confirmed(event, "ngo")
    assert len(organiser.get("waiting_list.index", event="nf27").statements) == one
