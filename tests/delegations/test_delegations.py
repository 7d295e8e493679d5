"""A contact registers several people: the form, the contact's link, places under the rules, and the contact's page."""

from datetime import timedelta

import pytest
from sqlalchemy import func, select

from forum import clock
from forum.database import start_write
from forum.delegations import admitting, asking, contact_acts, contact_links, contact_news, pasted, queries
from forum.delegations.asking import Contact, Person
from forum.delegations.enums import ContactLink, DelegateState
from forum.delegations.errors import DelegationConfirmed, NotAllFit, NotTheirs, SectorRefuses
from forum.delegations.models import Delegate, Delegation
from forum.events.enums import SectorPolicy
from forum.extensions import db
from forum.outbox.models import OutboxMessage
from forum.registration import actions, places
from forum.registration.enums import Status
from forum.registration.errors import LinkRefused
from forum.registration.models import Registration
from tests.factories.events import NOW, make_event, make_sector
from tests.factories.registrations import confirmed, register, write
from tests.registration.filling import manage_token
from tests.registration.reading import last_id, newest_mail, queued
from tools.pages import Pages

CONTACT = Contact("Anna", "Berg", "anna@example.org", "Exempelbyrån", "SE", "en")
ALONE = Person("Bo", "Ek", "Jurist")
OWN = Person("Cia", "Dahl", "Chef", "cia@example.org")
FIELDS = {
    "given_name": "Anna",
    "family_name": "Berg",
    "email": "anna@example.org",
    "organisation": "Exempelbyrån",
    "country": "SE",
    "language": "en",
    "choice": "fit",
    "people-0-given_name": "Bo",
    "people-0-family_name": "Ek",
    "people-1-given_name": "Cia",
    "people-1-email": "cia@example.org",
}


@pytest.fixture
def app(make_app, database_url):
    return make_app(database_url, FORM_MIN_SECONDS=0)


@pytest.fixture(autouse=True)
def frozen():
    clock.freeze(NOW)


def newest(kind, to=CONTACT.email):
    """Return the token of the newest mail of a kind to an address."""
    mine = OutboxMessage.kind == kind, OutboxMessage.recipient == to
    found = db.session.scalars(select(OutboxMessage).where(*mine).order_by(OutboxMessage.id.desc())).first()
    text = found.content.decode().replace("=\n", "").replace("=\r\n", "")
    return text.split("/r/delegation/", 1)[1].split()[0].removeprefix("confirm/")[:43]


def asked(
    event, people=(ALONE, OWN), *, sector="tech", everybody=False, key="form", contact=CONTACT, now=NOW
):
    """Send a contact's form; return the token of the link to confirm."""
    start_write(db.session)
    locked, chosen = places.lock_sector(sector, event.slug)
    asking.ask(locked, chosen, contact, people, is_all_or_nobody=everybody, form_key=key, now=now)
    db.session.commit()
    return newest("delegation-asked", contact.email)


def registered(event, people=(ALONE, OWN), **more):
    return write(admitting.confirm, asked(event, people, **more), now=NOW)


def states(delegation):
    db.session.expire_all()
    return [one.registration.status if one.registration else one.state for one in delegation.people]


def counted(event):
    """Return the event's counter of places, and how many registrations hold one."""
    db.session.refresh(event)
    held = select(func.count()).where(Registration.holds_place, Registration.event_id == event.id)
    return event.taken, db.session.scalar(held)


def test_form_is_sent_confirmed_and_leads_to_the_page_of_the_contact(pages, organiser, event):
    page = pages.get("registration.details", sector="justice").follow("Register several people")
    assert "places are free in this sector now." in page.text
    since = last_id()
    page = page.submit(FIELDS, button="Send us the list", follow=True)
    assert page.h1 == "Check the contact’s e-mail"
    assert (queued(since), counted(event)) == ([("delegation-asked", CONTACT.email)], (0, 0))
    page = pages.get(f"/en/r/delegation/confirm/{newest('delegation-asked')}")
    assert "Bo Ek" in page.text
    page = page.submit(button="Register them", follow=True)
    assert page.h1 == "Your delegation"
    assert counted(event) == (2, 2)
    assert queued(since)[1:] == [("received", "cia@example.org"), ("delegation-registered", CONTACT.email)]
    assert "Bo Ek Has a place" in page.text.replace("\n", " ")
    assert "Has not confirmed yet" in page.text
    (delegation,) = queries.read_confirmed(event, None).rows
    assert states(delegation) == [Status.CONFIRMED, Status.PENDING]
    bo = delegation.people[0].registration
    shown = organiser.get("attendees.show", event=event.slug, reference=bo.reference)
    assert shown.follow("Anna Berg, Exempelbyrån").h1 == "Delegations"
    shown = organiser.get("attendees.index", event=event.slug).follow("Delegations")
    assert shown.h1 == "Delegations"
    assert "anna@example.org" in shown.text
    page = pages.get(f"/en/r/delegation/confirm/{newest('delegation-asked')}")
    assert page.h1 == "The delegation is registered"


def test_rows_are_added_pasted_and_kept(pages, event):
    page = pages.get("delegations.details", sector="justice")
    typed = {**FIELDS, "people-1-email": "wrong"}
    page = page.submit(typed, button="Add rows", expect=200)
    assert page.form("#delegation").data["people-0-given_name"] == ["Bo"]
    assert "people-7-given_name" in page.form("#delegation").data
    assert "people-8-given_name" not in page.form("#delegation").data
    rows = "Name\tE-mail\tTitle\r\nDan\x00\tdan@example.org\tChef\r\nEva\t\t\r\n"
    page = page.form("#delegation").submit({"lines": rows}, button="Put them into the rows", expect=200)
    data = page.form("#delegation").data
    assert (data["people-2-given_name"], data["people-2-email"]) == (["Dan"], ["dan@example.org"])
    assert (data["people-2-title"], data["people-3-given_name"], data["lines"]) == (
        ["Chef"],
        ["Eva"],
        [""],
    )
    page = page.form("#delegation").submit({}, button="Send us the list", expect=422)
    assert page.errors == {
        "people-1-email": "Person 2: Enter an e-mail address that can receive mail, such as name@example.org"
    }


@pytest.mark.parametrize(
    ("differing", "fault"),
    [
        ({"people-1-given_name": "", "people-1-email": ""}, "Name at least 2 people"),
        ({"people-0-email": "CIA@example.org"}, "Person 2: the address stands at person 1 already"),
        ({"people-0-given_name": ""}, "Person 1: Enter the person’s given name"),
        ({"people-0-title": "Chef 701208-1233"}, "Person 1: This looks like a national identity number."),
        ({"choice": None}, "Choose what happens then"),
    ],
)
def test_form_says_what_is_wrong(pages, event, differing, fault):
    page = pages.get("delegations.details", sector="justice")
    page = page.submit({**FIELDS, **differing}, button="Send us the list", expect=422)
    assert fault in page.text
    assert db.session.query(Delegation).count() == 0


UNSPLIT = (
    "Row 3 is not split into cells. Put a tab, a semicolon or a comma between given name, family name, title and "
    "e-mail address."
)


@pytest.mark.parametrize(
    ("lines", "fault"),
    [
        ("Namn;E-post;E-MAIL\nKim;a@example.org;b@example.org", "Two columns mean the same: E-post, E-MAIL"),
        ("\n" * 50_000 + "Kim", "The rows are too large. Paste only names, titles and addresses."),
        ("Kim\n" * 7_000, "A delegation has at most 20 people"),
        (";" * 30 + "Kim", "The rows are too large. Paste only names, titles and addresses."),
        *(
            (f"Bo;Ek\n\n{row}", UNSPLIT)
            for row in ("Kim | Ek | kim@example.org", "Kim   Ek", "Kim Ek kim@example.org")
        ),
    ],
    ids=["doubled headings", "50,000 rows", "7,000 rows", "31 columns", "bars", "blanks", "address in words"],
)
def test_pasted_rows_that_cannot_be_read_change_nothing(pages, event, lines, fault):
    page = pages.get("delegations.details", sector="justice")
    typed = {**FIELDS, "lines": lines}
    page = page.submit(typed, button="Put them into the rows", expect=422)
    assert page.errors == {"lines": fault}
    assert page.form("#delegation").data["people-0-given_name"] == ["Bo"]
    assert page.form("#delegation").data["people-2-given_name"] == [""]
    assert db.session.query(Delegation).count() == 0


def test_pasted_title_with_an_at_sign_is_kept_beside_the_address():
    """Nobody would notice that a title was dropped, so it is kept, and the form refuses its at sign."""
    row = {"given_name": "Eva", "family_name": "Gran", "title": "IT @ Polisen", "email": "eva@example.org"}
    assert pasted.read("\t".join(row.values()), most=20) == [row]
    moved = {"given_name": "Eva", "email": "eva@example.org", "title": "Chef"}
    assert pasted.read("\t".join(moved.values()), most=20) == [moved]


def test_more_rows_than_twenty_are_refused(pages, event):
    page = pages.get("delegations.details", sector="justice")
    lines = "\n".join(f"Kim {number}" for number in range(21))
    page = page.submit({"lines": lines}, button="Put them into the rows", expect=422)
    assert page.errors["lines"] == "A delegation has at most 20 people"
    lines = "\n".join(f"Kim {number}" for number in range(20))
    page = page.form("#delegation").submit({"lines": lines}, button="Put them into the rows", expect=200)
    assert page.form("#delegation").data["people-19-given_name"] == ["Kim 19"]
    assert "Add rows" not in page.text


def test_nothing_is_held_before_the_contact_confirms_and_a_form_sent_twice_counts_once(database):
    event = make_event(sectors=[make_sector("tech", ceiling=5)])
    since = last_id()
    token = asked(event)
    assert (queued(since), counted(event)) == ([("delegation-asked", CONTACT.email)], (0, 0))
    assert asked(event) == token
    assert queued(since) == [("delegation-asked", CONTACT.email)]
    assert db.session.query(Delegation).count() == 1
    write(admitting.confirm, token, now=NOW)
    assert counted(event) == (2, 2)
    with pytest.raises(DelegationConfirmed):
        write(admitting.confirm, token, now=NOW)
    db.session.rollback()
    assert counted(event) == (2, 2)


def test_contact_who_has_a_delegation_gets_a_link_to_it_and_nothing_is_added(database):
    event = make_event(sectors=[make_sector("tech")])
    second = asked(event, key="second")
    delegation = registered(event)
    with pytest.raises(DelegationConfirmed):
        write(admitting.confirm, second, now=NOW)
    db.session.rollback()
    since = last_id()
    asked(event, key="third")
    assert queued(since) == [("delegation-again", CONTACT.email)]
    assert contact_links_of(newest("delegation-again")) == delegation
    assert db.session.query(Delegate).count() == 4


def contact_links_of(token):
    return contact_links.follow(token, ContactLink.MANAGE, now=NOW)


def test_all_or_nobody_registers_nobody_unless_all_fit(pages, database):
    event = make_event(sectors=[make_sector("tech", ceiling=2)])
    people = [ALONE, OWN, Person("Dan", "Falk", "")]
    token = asked(event, people, everybody=True)
    with pytest.raises(NotAllFit) as refused:
        write(admitting.confirm, token, now=NOW)
    db.session.rollback()
    assert (refused.value.free, counted(event), db.session.query(Registration).count()) == (2, (0, 0), 0)
    page = pages.get(f"/en/r/delegation/confirm/{token}").submit(button="Register them", expect=409)
    assert "2 of the people would get a place now." in page.text
    page = page.submit(button="Register as many as fit, the rest wait", follow=True)
    assert page.h1 == "Your delegation"
    (delegation,) = queries.read_confirmed(event, None).rows
    assert (states(delegation), counted(event)) == (
        [Status.CONFIRMED, Status.PENDING, Status.WAITING],
        (2, 2),
    )


def test_all_or_nobody_heeds_the_cap_of_the_organisation_and_those_who_wait(database):
    event = make_event(sectors=[make_sector("tech", ceiling=9)], organisation_cap=1)
    token = asked(event, everybody=True)
    with pytest.raises(NotAllFit) as refused:
        write(admitting.confirm, token, now=NOW)
    db.session.rollback()
    assert refused.value.free == 1
    write(admitting.confirm, token, is_all_or_nobody=False, now=NOW)
    assert counted(event) == (1, 1)


def test_without_a_waiting_list_the_rest_are_left_out(database):
    event = make_event(sectors=[make_sector("tech", ceiling=1)], has_waiting_list=False)
    delegation = registered(event)
    assert (states(delegation), counted(event)) == ([Status.CONFIRMED, DelegateState.LEFT_OUT], (1, 1))


def test_each_person_of_a_reviewed_sector_is_reviewed(database):
    event = make_event(sectors=[make_sector("tech", policy=SectorPolicy.REVIEW)])
    delegation = registered(event, everybody=True)
    assert states(delegation) == [Status.IN_REVIEW, Status.PENDING]
    write(actions.confirm, delegation.people[1].registration, now=NOW)
    assert (states(delegation), counted(event)) == ([Status.IN_REVIEW, Status.IN_REVIEW], (0, 0))


@pytest.mark.parametrize("policy", [SectorPolicy.INVITATION, SectorPolicy.OPEN])
def test_sector_by_invitation_and_closed_registration_refuse(pages, event, policy):
    token = asked(event, sector="justice")
    start_write(db.session)
    if policy == SectorPolicy.INVITATION:
        next(one for one in event.sectors if one.key == "justice").policy = policy
    else:
        event.closes_at = NOW
    db.session.commit()
    page = pages.get("delegations.details", sector="justice")
    title = (
        "This sector is by invitation only" if policy == SectorPolicy.INVITATION else "Registration is closed"
    )
    assert page.h1 == title
    if policy == SectorPolicy.INVITATION:
        with pytest.raises(SectorRefuses):
            write(admitting.confirm, token, now=NOW)
        db.session.rollback()
    else:  # a contact who has sent the form in time can still confirm, like a single person
        write(admitting.confirm, token, now=NOW)
    assert counted(event)[0] == (0 if policy == SectorPolicy.INVITATION else 2)


def test_registered_address_is_told_to_its_owner_only(pages, database):
    event = make_event(sectors=[make_sector("tech", ceiling=9)])
    known = confirmed(event, "tech", email="cia@example.org")
    since = last_id()
    delegation = registered(event)
    assert queued(since)[1:] == [
        ("already-registered", "cia@example.org"),
        ("delegation-registered", CONTACT.email),
    ]
    assert (states(delegation), counted(event)) == ([Status.CONFIRMED, DelegateState.ASKED], (3, 2))
    other = registered(
        event,
        contact=Contact("Ed", "", "ed@example.org", "Exempelbyrån", "SE", "en"),
        people=[ALONE, Person("Cia", "Dahl", "Chef", "new@example.org")],
        key="other",
    )
    shown = []
    for one, address in ((delegation, "cia@example.org"), (other, "new@example.org")):
        token = newest("delegation-registered", one.email)
        page = pages.get(f"/en/r/delegation/{token}", follow=True)
        row = page.text[page.text.index("Cia Dahl") : page.text.index("People with an address")]
        shown.append(row.replace(address, "ADDRESS"))
    assert shown[0] == shown[1]
    write(contact_acts.withdraw, delegation.people[1], now=NOW)
    assert (states(delegation)[1], known.status) == (DelegateState.WITHDRAWN, Status.CONFIRMED)


def test_contact_who_comes_too_is_confirmed_by_the_same_link(database):
    event = make_event(sectors=[make_sector("tech")])
    delegation = registered(event, [Person("Anna", "Berg", "", CONTACT.email), ALONE])
    assert states(delegation) == [Status.CONFIRMED, Status.CONFIRMED]


def opened(pages, delegation):
    return pages.get(f"/en/r/delegation/{newest('delegation-registered', delegation.email)}", follow=True)


def test_a_person_whom_a_contact_entered_does_not_read_of_a_form_of_their_own(pages, event):
    cia = registered(event).people[1].registration
    page = pages.get("self_service.confirm", token=newest_mail(cia, "received").token)
    assert "The form that you sent yourself" not in page.text
    assert "If something here is wrong, you can change it on your personal page" in page.text
    own = register(event)
    page = pages.get("self_service.confirm", token=newest_mail(own, "received").token)
    assert "The form that you sent yourself" in page.text


def test_a_person_whom_the_contact_withdraws_reads_that_the_contact_did_it(event):
    cia = registered(event).people[1]
    write(actions.confirm, cia.registration, now=NOW)
    said = "The contact at your organisation who registered you has withdrawn you."
    write(contact_acts.withdraw, cia, now=NOW)
    assert said in newest_mail(cia.registration, "cancelled").text
    other = confirmed(event)
    write(actions.cancel, other, actor="person", now=NOW)
    assert said not in newest_mail(other, "cancelled").text


def test_contact_changes_withdraws_and_lets_somebody_else_come(pages, event):
    people = [ALONE, OWN, Person("Dan", "Falk", ""), Person("Eva", "Gran", "")]
    delegation = registered(event, people, sector="justice")
    eva = delegation.people[3].registration
    page = opened(pages, delegation)
    page = page.follow("Change … Bo Ek").submit({"family_name": "Ekman"}, button="Save", follow=True)
    assert "Bo Ekman" in page.text
    page = page.follow("Withdraw … Dan Falk").submit(button="Withdraw the person", follow=True)
    assert counted(event) == (3, 3)
    page = page.follow("Let somebody else come … Eva Gran").submit(
        {"given_name": "Flo", "family_name": "Hall"}, button="Let this person come", follow=True
    )
    assert "Flo Hall" in page.text
    assert "Eva Gran" not in page.text
    assert (counted(event), states(delegation)) == (
        (3, 3),
        [Status.CONFIRMED, Status.PENDING, Status.CANCELLED, Status.CONFIRMED],
    )
    db.session.refresh(eva)
    assert eva.status == Status.CANCELLED
    pages.get("own_delegation.change", number=2, expect=303)
    assert pages.get("own_delegation.show").flashes[0].startswith("Nothing has been changed")
    since = last_id()
    page = pages.get("own_delegation.withdraw", number=2).submit(button="Withdraw the person", follow=True)
    assert (queued(since), counted(event)) == ([("cancelled", "cia@example.org")], (2, 2))
    since = last_id()
    page.follow("Let somebody else come … Bo Ekman").submit(
        {"given_name": "Gun", "email": "gun@example.org"}, button="Let this person come", follow=True
    )
    assert queued(since) == [("substitute-asked", "gun@example.org")]
    assert write(contact_news.tell, delegation.id, now=NOW) == 0
    pages.get("own_delegation.change", number=9, expect=404)


def test_person_with_an_own_address_is_not_changed_by_the_contact(database):
    event = make_event(sectors=[make_sector("tech")])
    delegation = registered(event)
    write(actions.confirm, delegation.people[1].registration, now=NOW)
    with pytest.raises(NotTheirs):
        write(contact_acts.change, delegation.people[1], ALONE, now=NOW)


def test_new_name_is_reviewed_again(database):
    event = make_event(sectors=[make_sector("tech")])
    delegation = registered(event)
    start_write(db.session)
    event.sectors[0].policy = SectorPolicy.REVIEW
    db.session.commit()
    write(contact_acts.change, delegation.people[0], Person("Bob", "Ek", "Jurist"), now=NOW)
    bo = delegation.people[0].registration
    assert (bo.status, bo.is_in_review, bo.holds_place) == (Status.CONFIRMED, True, True)


def test_nothing_is_changed_once_answers_are_frozen_but_people_can_be_withdrawn(pages, event):
    delegation = registered(event, sector="justice")
    page = opened(pages, delegation)
    forms = [page.follow(act) for act in ("Change … Bo Ek", "Let somebody else come … Bo Ek")]
    start_write(db.session)
    event.freezes_at = NOW
    db.session.commit()
    for form, button in zip(forms, ("Save", "Let this person come"), strict=True):
        page = form.submit({"given_name": "X"}, button=button, follow=True)
        assert "it was too late to change anything here" in page.flashes[0]
    assert states(delegation)[0] == Status.CONFIRMED
    page.follow("Withdraw … Bo Ek").submit(button="Withdraw the person", follow=True)
    assert states(delegation)[0] == Status.CANCELLED


def test_contact_is_told_once_of_what_has_changed_for_people_without_an_address(database):
    event = make_event(sectors=[make_sector("tech", ceiling=1)])
    first = confirmed(event, "tech")
    delegation = registered(event)
    assert states(delegation) == [Status.WAITING, Status.PENDING]
    assert contact_news.list_due(now=NOW) == []
    write(actions.cancel, first, actor="person", now=NOW)
    assert states(delegation)[0] == Status.CONFIRMED
    since = last_id()
    assert contact_news.list_due(now=NOW) == [delegation.id]
    assert [write(contact_news.tell, delegation.id, now=NOW) for _time in range(2)] == [1, 0]
    assert queued(since) == [("delegation-changed", CONTACT.email)]


def test_contact_is_erased_and_people_stay(pages, event):
    delegation = registered(event, sector="justice")
    page = opened(pages, delegation).follow("Erase me as the contact …").submit(button="Erase me", expect=200)
    assert page.h1 == "You are erased as the contact"
    assert (db.session.query(Delegation).count(), db.session.query(Delegate).count()) == (0, 0)
    assert counted(event) == (2, 2)
    assert [mail for mail in queued(0) if mail[1] == CONTACT.email] == []
    pages.get("own_delegation.show", expect=404)


def test_unconfirmed_delegations_go_after_three_days_and_all_after_the_event(database):
    event = make_event(sectors=[make_sector("tech")])
    token = asked(event, key="never")
    delegation = registered(event, contact=Contact("Ed", "", "ed@example.org", "X", "SE", "en"), key="yes")
    with pytest.raises(LinkRefused):
        admitting.confirm(token, now=NOW + timedelta(hours=48))
    assert write(asking.forget_ended, now=NOW + timedelta(days=2)) == 0
    assert write(asking.forget_ended, now=NOW + timedelta(days=3)) == 1
    assert list(queries.read_confirmed(event, None).rows) == [delegation]
    assert write(asking.forget_ended, now=event.ends_at + timedelta(days=30)) == 1


def test_sign_in_ends_after_half_an_hour_and_by_leaving(pages, event):
    delegation = registered(event, sector="justice")
    opened(pages, delegation)
    clock.freeze(NOW + timedelta(minutes=31))
    assert pages.get("own_delegation.show", expect=404).h1 == "This page is no longer open"
    opened(pages, delegation).submit(button="Leave this page", follow=True)
    pages.get("own_delegation.show", expect=404)


@pytest.mark.parametrize("ended", ["left", "left after half an hour", "erased"])
def test_copy_of_the_browser_opens_nothing_once_the_contact_has_left_or_is_erased(app, pages, event, ended):
    delegation = registered(event, sector="justice")
    page, thief = opened(pages, delegation), Pages(app)
    thief.client.set_cookie("forum", pages.client.get_cookie("forum").value)
    clock.freeze(NOW + timedelta(minutes=20))
    assert thief.get("own_delegation.show").h1 == "Your delegation"
    clock.freeze(NOW + timedelta(minutes=40 if "half an hour" in ended else 21))
    if ended == "erased":
        page.follow("Erase me as the contact …").submit(button="Erase me", expect=200)
    else:
        page.submit(button="Leave this page", follow=True)
    thief.get("own_delegation.show", expect=404)
    assert counted(event) == (2, 2)
    clock.freeze(NOW + timedelta(minutes=41))
    if ended != "erased":
        assert opened(pages, delegation).h1 == "Your delegation"
        thief.get("own_delegation.show", expect=404)


@pytest.mark.parametrize("left", ["own_delegation.show", "self_service.show"])
def test_leaving_one_page_leaves_the_other_in_this_browser_and_in_copies(app, pages, event, left):
    """A contact who is a participant, too, may have both pages open on a shared computer."""
    opened(pages, registered(event, sector="justice"))
    own = confirmed(event, "justice", email=CONTACT.email)
    pages.get("self_service.enter", token=manage_token(own), follow=True)
    thief = Pages(app)
    thief.client.set_cookie("forum", pages.client.get_cookie("forum").value)
    for visitor in (pages, thief):
        visitor.get("own_delegation.show", expect=200)
        visitor.get("self_service.show", expect=200)
    done = pages.get(left).submit(button="Leave this page", follow=True)
    assert "This browser no longer opens what you had open here." in done.text
    for visitor in (pages, thief):
        visitor.get("own_delegation.show", expect=404)
        visitor.get("self_service.show", expect=404)


def test_contact_who_names_the_same_address_twice_sends_one_message(pages, event):
    delegation = registered(event, sector="justice")
    opened(pages, delegation)
    since = last_id()
    said = []
    for _time in range(2):
        page = pages.get("own_delegation.replace", number=1)
        page = page.submit(
            {"given_name": "Gun", "email": "gun@example.org"}, button="Let this person come", follow=True
        )
        said += page.flashes
    assert said == [
        "A link is on its way to gun@example.org. Nothing changes until it is used.",
        "A link has gone to this address already. It works until 5 May 2027 at 14:00 (CEST).",
    ]
    assert queued(since) == [("substitute-asked", "gun@example.org")]


def test_person_reads_who_has_registered_them(pages, event):
    delegation = registered(event, sector="justice")
    mail = newest_mail(delegation.people[1].registration, "received")
    page = pages.get(mail.address.removeprefix("http://127.0.0.1:8000"))
    assert "You were registered in a delegation of Exempelbyrån. Its contact, Anna Berg," in page.text


PROMISES = {
    "place": "A place that is free for one of the others is theirs at once.",
    "review": "The others are in review as soon as you press the button.",
    "refused": "This sector takes no registrations any more, so nobody would be registered.",
    "waits": "The others join it as soon as you press the button.",
    "nobody": "nobody is registered. No place is free in this sector now.",
    "full": "there is no waiting list, so nobody would be registered.",
}
CHANCES = [
    ({}, False, "place"),
    ({}, True, "place"),
    ({"policy": SectorPolicy.REVIEW}, False, "review"),
    ({"policy": SectorPolicy.INVITATION}, False, "refused"),
    ({"floor": 0, "ceiling": 0}, False, "refused"),
    ({"ceiling": 1}, False, "waits"),
    ({"ceiling": 1}, True, "nobody"),
    ({"ceiling": 1, "has_waiting_list": False}, False, "full"),
]


@pytest.mark.parametrize(("changed", "everybody", "promised"), CHANCES)
def test_page_that_asks_the_contact_promises_what_is_true_of_the_sector_now(
    pages, database, changed, everybody, promised
):
    """The sector may be full, reviewed or closed since the form was sent."""
    event = make_event(sectors=[make_sector("tech")])
    token = asked(event, everybody=everybody)
    if changed.get("ceiling"):
        confirmed(event, "tech")
    for name, value in changed.items():
        write(setattr, event if name == "has_waiting_list" else event.sectors[0], name, value)
    text = pages.get(f"/en/r/delegation/confirm/{token}").text
    assert [key for key, words in PROMISES.items() if words in text] == [promised]
    assert ("As many as fit get a place" in text) == (promised == "place" and not everybody)
