"""A registration's new e-mail address, entered by an organiser or the person: it counts once confirmed (S24)."""

import json
from datetime import timedelta

import pytest

from forum import clock
from forum.columns import digest
from forum.database import start_write
from forum.events.enums import SectorPolicy
from forum.extensions import db
from forum.organisations import actions as organisations
from forum.organisations.actions import Written
from forum.people.models import AddressChange
from forum.privacy import hanging
from forum.questions import queries as questions
from forum.registration import (
    actions,
    by_hand,
    caps,
    expiry,
    links,
    new_address,
    own_data,
    places,
    reinstating,
)
from forum.registration.applicant import CHANGEABLE, Details
from forum.registration.enums import Status, TokenPurpose
from forum.registration.errors import LinkRefused
from tests.factories.events import NOW, make_event, make_sector
from tests.factories.questions import make_question
from tests.factories.registrations import confirmed, make_applicant, read_care, register, write
from tests.registration.reading import kinds_for, last_id, newest_mail, queued, recorded
from tools.pages import Pages

NEW = "new@example.org"
HOUR = timedelta(hours=1)


@pytest.fixture
def app(make_app, database_url):
    return make_app(database_url)


@pytest.fixture
def person(event):
    clock.freeze(NOW)
    return confirmed(event, "justice", given_name="Åsa", family_name="Bergström", email="old@example.org")


def open_own_page(pages, person):
    token = write(links.issue, person, TokenPurpose.MANAGE, now=NOW)
    return pages.get(f"/en/r/{token}", follow=True), token


def asked_of(organiser, person):
    page = organiser.get("attendees.show", event="nf27", reference=person.reference)
    return page.follow("Change the e-mail address")


def test_nothing_changes_until_the_new_address_is_confirmed(organiser, pages, person):
    old_link = write(links.issue, person, TokenPurpose.MANAGE, now=NOW)
    since = last_id()
    asked_of(organiser, person).submit({"email": NEW}, button="Send the link", expect=303)
    assert queued(since) == [("new-address", NEW), ("address-leaving", "old@example.org")]
    assert (person.email, links.follow(old_link, TokenPurpose.MANAGE, now=NOW).id) == (
        "old@example.org",
        person.id,
    )
    page = pages.get(newest_mail(person, "new-address").address.removeprefix("http://127.0.0.1:8000"))
    assert (person.email, NEW in page.text, "Bergström" in page.text) == ("old@example.org", True, False)
    page.submit(button="Confirm my address", expect=303)
    db.session.refresh(person)
    assert (person.email, person.email_canonical, "new@" in person.search_text) == (NEW, NEW, True)
    with pytest.raises(LinkRefused):
        links.follow(old_link, TokenPurpose.MANAGE, now=NOW)
    assert queued(since)[2:] == [("confirmed", NEW)]
    assert pages.get("self_service.show").h1 == "You have a place"
    pages.get(page.path, expect=404)
    acts = [entry[0] for entry in recorded(person)]
    assert {"registration.address_asked", "registration.address_changed"} <= set(acts)


def test_organiser_is_told_which_registration_has_the_address(organiser, event, person):
    other = confirmed(event, "justice", email="Taken@example.org", family_name="Other")
    page = asked_of(organiser, person).submit(
        {"email": "taken@EXAMPLE.org"}, button="Send the link", expect=409
    )
    assert page.errors == {"email": f"Registration {other.reference} has this address"}
    assert page.follow("Åsa Other").h1 == "Åsa Other"
    page = asked_of(organiser, person).submit(
        {"email": "OLD@example.org"}, button="Send the link", expect=409
    )
    assert page.errors == {"email": "This is the address that the registration has"}


@pytest.mark.parametrize("has_room", [True, False])
def test_a_new_address_passes_no_cap_of_the_organisation_that_has_its_domain(pages, database, has_room):
    clock.freeze(NOW)
    event = make_event(capacity=9, organisation_cap=1)
    police = Written("Polisen", domains=("polisen.example",), cap=2 if has_room else 1)
    write_down(event, police)
    confirmed(event, "justice", organisation="Polisen", email="a@other.example")
    moving = confirmed(event, "justice", organisation="Konsult", email="b@private.example")
    waiting = confirmed(event, "justice", organisation="Konsult", email="c@private.example")
    assert (moving.holds_place, waiting.status) == (True, Status.WAITING)
    token = _ask(moving, "b@polisen.example")
    page = pages.get(f"/en/r/address/{token}")
    answer = page.submit(button="Confirm my address", expect=303 if has_room else 409)
    for one in (moving, waiting):
        database.refresh(one)
    assert caps.held_by(event, {"polisen"}).in_all("polisen") == (2 if has_room else 1)
    assert moving.email == ("b@polisen.example" if has_room else "b@private.example")
    # The former organisation is below its cap again, so a place is offered to its waiting person at once.
    assert waiting.status == (Status.OFFERED if has_room else Status.WAITING)
    assert has_room or "This address cannot be used now" in answer.text
    assert "Polisen" not in answer.text


def write_down(event, written):
    start_write(db.session)
    places.lock(event)
    organisations.store(event, None, written, actor="user:1", now=NOW)
    db.session.commit()


def test_person_learns_nothing_about_an_address_that_is_registered(pages, event, person):
    confirmed(event, "justice", email="taken@example.org")
    _page, token = open_own_page(pages, person)
    said = []
    for address in ("taken@example.org", NEW):
        since = last_id()
        sent = pages.get("own_moves.address").submit({"email": address}, button="Send the link", follow=True)
        said.append(sent.flashes[0].replace(address, "ADDRESS"))
        assert queued(since)[0] == ("already-registered" if address != NEW else "new-address", address)
        shown = pages.get("self_service.show").text
        waits = f"{address} is not confirmed yet; the link works until"
        assert (waits in shown, "registered already" in shown) == (True, False)
    assert said[0] == said[1]
    assert db.session.query(AddressChange).count() == 1
    assert links.follow(token, TokenPurpose.MANAGE, now=NOW).id == person.id


def test_no_page_and_no_own_data_tell_whether_a_new_address_is_registered(app, event):
    clock.freeze(NOW)
    confirmed(event, "justice", email="taken@example.org")
    told = [_told_after_asking(app, event, address) for address in ("taken@example.org", NEW)]
    assert told[0] == told[1]
    page, _held, everything = told[0]
    assert "ASKED is not confirmed yet; the link works until" in page
    assert everything["address_changes"][0]["expires_at"] == (NOW + timedelta(hours=48)).isoformat()


def test_mail_to_a_new_address_is_among_own_data_once_the_address_is_the_persons(pages, person):
    token = _ask(person, NEW)
    assert NEW not in [mail["recipient"] for mail in own_data.collect(person)["mails"]]
    pages.get(f"/en/r/address/{token}").submit(button="Confirm my address", expect=303)
    db.session.refresh(person)
    for mails in (own_data.collect(person)["mails"], hanging.tell(person)["outbox_messages"]):
        assert ("new-address", NEW) in [(mail["kind"], mail["recipient"]) for mail in mails]


def test_link_ends_by_time_by_another_wish_and_by_cancelling(event, person):
    first = _ask(person, "first@example.org")
    second = _ask(person, "second@example.org")
    for token, now in ((first, NOW), (second, NOW + timedelta(hours=48))):
        with pytest.raises(LinkRefused):
            new_address.follow(token, now=now)
    assert new_address.follow(second, now=NOW)[1] == "second@example.org"
    write(actions.cancel, person, actor="command", now=NOW)
    with pytest.raises(LinkRefused):
        new_address.follow(second, now=NOW)
    other = confirmed(event, "justice")
    _ask(other, "third@example.org")
    write(expiry.forget_ended, now=NOW + timedelta(hours=48))
    assert db.session.query(AddressChange).count() == 0


def set_moments(event, **moments):
    for name, moment in moments.items():
        write(setattr, event, name, moment)


@pytest.mark.parametrize("address", [NEW, "taken@example.org"])
def test_link_to_an_address_that_the_person_enters_ends_with_the_freeze(pages, event, person, address):
    """Page, mail and row say the same time, whether the address is registered or not (S24)."""
    confirmed(event, "justice", email="taken@example.org")
    set_moments(event, freezes_at=NOW + HOUR)
    open_own_page(pages, person)
    page = pages.get("own_moves.address")
    assert "works until 3 May 2027 at 15:00 (CEST). Nothing changes until you use it." in page.text
    page.submit({"email": address}, button="Send the link", expect=303)
    assert new_address.find_asked(person, NOW).expires_at == NOW + HOUR
    assert "the link works until 3 May 2027 at 15:00" in pages.get("own_moves.address").text
    if address == NEW:
        mail = newest_mail(person, "new-address")
        assert "before 3 May 2027 at 15:00" in mail.text
        assert_ends(mail.token, NOW + HOUR)


def test_link_to_an_address_that_organisers_enter_outlasts_the_freeze(organiser, event, person):
    set_moments(event, freezes_at=NOW + HOUR)
    page = asked_of(organiser, person)
    assert "Nothing changes until it is used, within 48 hours." in page.text
    page.submit({"email": NEW}, button="Send the link", expect=303)
    assert_ends(newest_mail(person, "new-address").token, NOW + timedelta(hours=48))


def test_no_link_to_a_new_address_outlasts_the_event(organiser, event, person):
    set_moments(event, starts_at=NOW, ends_at=NOW + HOUR)
    page = asked_of(organiser, person)
    assert "works until 3 May 2027 at 15:00 (CEST). Nothing changes until it is used." in page.text
    page.submit({"email": NEW}, button="Send the link", expect=303)
    assert_ends(newest_mail(person, "new-address").token, NOW + HOUR)


@pytest.mark.parametrize(
    ("actor", "moments", "is_ended"),
    [
        ("person", {"freezes_at": NOW + HOUR}, True),
        ("user:1", {"freezes_at": NOW + HOUR}, False),
        ("user:1", {"starts_at": NOW, "ends_at": NOW + HOUR}, True),
    ],
)
def test_moment_that_organisers_set_earlier_ends_links_that_were_sent_before(
    pages, event, person, actor, moments, is_ended
):
    write(new_address.ask, person, NEW, actor=actor, now=NOW)
    token = newest_mail(person, "new-address").token
    set_moments(event, **moments)
    clock.freeze(NOW + HOUR)
    assert (new_address.find_asked(person, NOW + HOUR) is None) == is_ended
    page = pages.get(f"/en/r/address/{token}", expect=404 if is_ended else 200)
    assert ("Confirm my address" in page.text) != is_ended
    if is_ended:
        assert_ends(token, NOW + HOUR)


def test_address_of_an_unconfirmed_registration_is_put_right_after_the_freeze(event):
    """Only organisers can do that: nobody has a page of their own before an address is confirmed."""
    set_moments(event, freezes_at=NOW)
    person = register(event, "justice", email="wrng@example.org")
    token = _ask(person, NEW)
    write(new_address.confirm, token, now=NOW + HOUR)
    assert (person.status, person.email) == (Status.CONFIRMED, NEW)


def test_address_that_comes_with_a_registration_by_hand_is_confirmed_after_the_freeze(event):
    set_moments(event, freezes_at=NOW)
    asked = make_applicant(email="")
    details = Details(**{name: getattr(asked, name) for name in CHANGEABLE})
    told = {"email": NEW, "reason": "Called.", "may_wait": False}
    person = write(by_hand.add, event, event.sectors[0], details, **told, actor="user:1", now=NOW)
    write(new_address.confirm, newest_mail(person, "new-address").token, now=NOW + HOUR)
    assert person.email == NEW


def test_entered_address_of_somebody_without_one_outlasts_an_undone_cancellation(event):
    """While the registration is cancelled the link is dead; it works again, and is forgotten when it ends (S20)."""
    asked = make_applicant(email="")
    details = Details(**{name: getattr(asked, name) for name in CHANGEABLE})
    told = {"email": NEW, "reason": "Called.", "may_wait": False}
    person = write(by_hand.add, event, event.sectors[0], details, **told, actor="user:1", now=NOW)
    token = newest_mail(person, "new-address").token
    write(actions.cancel, person, actor="user:1", now=NOW)
    with pytest.raises(LinkRefused):
        new_address.follow(token, now=NOW)
    write(reinstating.reinstate, person, actor="user:1", now=NOW + HOUR)
    write(new_address.confirm, token, now=NOW + HOUR)
    assert (person.status, person.email) == (Status.CONFIRMED, NEW)
    other = write(
        by_hand.add,
        event,
        event.sectors[0],
        details,
        **{**told, "email": "x@example.org"},
        actor="user:1",
        now=NOW,
    )
    write(actions.cancel, other, actor="user:1", now=NOW)
    write(expiry.forget_ended, now=NOW + timedelta(hours=48))
    assert db.session.query(AddressChange).count() == 0


def assert_ends(token, moment):
    """Check that the link works until this moment and not from then on, neither its page nor its button."""
    assert new_address.follow(token, now=moment - timedelta(seconds=1))
    for act in (new_address.follow, new_address.confirm):
        start_write(db.session)
        with pytest.raises(LinkRefused):
            act(token, now=moment)
        db.session.rollback()


def test_address_that_somebody_else_has_taken_meanwhile_stays_theirs(pages, event, person):
    token = _ask(person, NEW)
    confirmed(event, "justice", email=NEW)
    page = pages.get(f"/en/r/address/{token}").submit(button="Confirm my address", expect=409)
    assert "The address is in use already" in page.text
    db.session.refresh(person)
    assert person.email == "old@example.org"


def test_wrong_address_of_an_unconfirmed_registration_is_put_right(pages, event):
    clock.freeze(NOW)
    arrival = make_question(event, "arrival").id
    make_question(event, "diet", care=True)
    told = {"arrival": "by train", "diet": "vegan"}
    person = register(event, "justice", email="wrng@example.org", given=told)
    token = _ask(person, NEW)
    pages.get(f"/en/r/address/{token}").submit(button="Confirm my address", expect=303)
    db.session.refresh(person)
    assert (person.status, person.email, kinds_for(person)[-1]) == (Status.CONFIRMED, NEW, "confirmed")
    # The answers to the event's own questions waited with the form for the address to be confirmed.
    assert questions.list_answers(person.id) == {arrival: "by train"}
    assert read_care(person) == {"diet": "vegan"}


def test_person_moves_until_the_details_are_frozen(pages, database):
    clock.freeze(NOW)
    sectors = [make_sector("tech", position=1), make_sector("ngo", ceiling=1, position=2)]
    sectors.append(make_sector("other", policy=SectorPolicy.INVITATION, position=3))
    event = make_event(capacity=5, sectors=sectors, freezes_at=NOW + timedelta(days=1))
    person, _holder = confirmed(event, "tech"), confirmed(event, "ngo")
    open_own_page(pages, person)
    page = pages.get("self_service.show").follow("Change the sector")
    hint = "No place is free there. If you give up your place, you are 1st in line."
    assert page.all("main .choice .hint") == [hint]
    page.submit({"sector": "ngo", "if_full": "stay"}, button="Change the sector", expect=409)
    page.submit({"sector": "ngo", "if_full": "wait"}, button="Change the sector", expect=303)
    db.session.refresh(person)
    assert (person.sector.key, person.status, kinds_for(person)[-1]) == ("ngo", Status.WAITING, "waiting")
    clock.freeze(NOW + timedelta(days=1))
    open_own_page(pages, person)
    assert "Change the sector" not in pages.get("self_service.show").links
    pages.get("own_moves.sector", expect=303)
    pages.get("own_moves.address", expect=303)


def _told_after_asking(app, event, address):
    """Return what a person who has entered this new address reads: the page about it, and the page of own data."""
    names = {"given_name": "Åsa", "family_name": "Ek", "organisation": "Domstolen"}
    person = confirmed(event, "justice", email=f"before-{address}", **names)
    pages = Pages(app)
    open_own_page(pages, person)
    pages.get("own_moves.address").submit({"email": address}, button="Send the link", expect=303)
    write(expiry.forget_ended, now=NOW)
    page = pages.get("own_moves.address").text
    # Links are sorted by their digests, which are random.
    everything = {table: sorted(rows, key=str) for table, rows in hanging.tell(person).items()}
    read = json.dumps([page, own_data.collect(person), everything])
    for words, name in ((person.email, "OLD"), (address, "ASKED"), (person.reference, "REFERENCE")):
        read = read.replace(words, name)
    return json.loads(read)


def _ask(person, email):
    write(new_address.ask, person, email, actor="command", now=NOW)
    token = newest_mail(person, "new-address").token
    assert db.session.get(AddressChange, digest(token))
    return token
