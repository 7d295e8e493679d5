"""Places that are held for people who are invited: taken while the invitation is open, never beyond the limits."""

from datetime import timedelta

import pytest
from sqlalchemy import select, text

from forum import clock
from forum.audit.models import AuditEntry
from forum.delegations import substituting
from forum.events.enums import SectorPolicy
from forum.events.queries import find_sector
from forum.extensions import db
from forum.health.checks import examine
from forum.invitations import actions, answering, reminding
from forum.invitations.enums import InvitationState
from forum.invitations.errors import NoPlaceToHold
from forum.invitations.models import Invitation
from forum.registration import actions as registrations
from forum.registration import by_hand, new_address, places
from forum.registration.applicant import Details
from forum.registration.enums import Status
from forum.registration.errors import CapacityBelowTaken
from forum.registration.models import Registration
from forum.registration.waiting_list import Served
from tests.factories.events import NOW, make_event, make_sector
from tests.factories.registrations import change_capacity, confirmed, make_applicant, register, write
from tests.invitations.test_invitations import FILLED, invite, last_mail, link_of, path_in, send_all
from tests.registration.reading import last_id, newest_mail, queued, recorded

HELD = {"holds_place": True}


@pytest.fixture
def app(make_app, database_url):
    return make_app(database_url)


@pytest.fixture
def event(database):
    clock.freeze(NOW)
    return make_event(
        capacity=4,
        sectors=[
            make_sector("justice", ceiling=2, position=1, policy=SectorPolicy.INVITATION),
            make_sector("ngo", ceiling=4, position=2, policy=SectorPolicy.REVIEW),
            make_sector("tech", ceiling=4, floor=1, position=3),
        ],
    )


def counters(event):
    """Return how many places are taken in all, and by sector those that are taken and those held for invited people."""
    shares = {one.key: (one.taken, one.reserved) for one in event.sectors if one.taken}
    return shares | {"all": event.taken}


def waiting(event, sector="tech"):
    """Add a person who waits for a place of the sector, which is full."""
    person = confirmed(event, sector)
    assert person.status == Status.WAITING
    return person


def confirm(typed):
    return write(registrations.confirm, typed, now=NOW)


def applicant_of(invitation, **differing):
    told = {name: getattr(invitation, name) for name in ("given_name", "family_name", "organisation")}
    return make_applicant(email=invitation.email, **{**told, **differing})


def test_a_held_place_is_taken_and_becomes_the_persons(organiser, pages, event):
    page = organiser.get("invitations.index", event="nf27").follow("Invite somebody")
    page.submit({**FILLED, "holds_place": "y"}, button="Send the invitation", expect=303)
    assert counters(event) == {"justice": (1, 1), "all": 1}
    listed = organiser.get("invitations.index", event="nf27").text
    assert "A place is held" in listed
    made = db.session.query(AuditEntry).filter_by(action="invitation.made").one()
    assert made.details.payload == {"sector": "justice", "place": True}
    send_all()
    mail = last_mail()
    assert mail.text.count("En plats hålls åt dig") == mail.html.count("En plats hålls åt dig") == 1
    shown = pages.get(path_in(mail.text))
    assert "En plats hålls åt dig till" in shown.text
    form = shown.submit({}, button="Ja, jag vill komma …", follow=True)
    assert "En plats hålls åt dig till" in form.text
    form.submit({"country": "SE"}, button="Anmäl dig", expect=303)
    person = db.session.query(Invitation).one().registration
    assert (person.status, person.holds_place) == (Status.CONFIRMED, True)
    assert counters(event) == {"justice": (1, 0), "all": 1}


def test_nothing_is_said_of_a_place_where_none_is_held(pages, event):
    link = link_of(invite(event))
    assert "hålls" not in last_mail().text
    assert "En plats hålls åt dig till" not in pages.get(link).text
    assert counters(event) == {"all": 0}


@pytest.mark.parametrize("how", ["no", "withdrawn", "expired"])
def test_a_place_that_is_no_longer_held_is_offered_to_the_next_in_line(event, how):
    invitation = invite(event, "tech", terms=HELD)
    for _number in range(3):
        confirmed(event, "tech")
    next_, later = waiting(event), waiting(event)
    assert event.taken == 4
    if how == "no":
        write(answering.decline, invitation, "", now=NOW)
    elif how == "withdrawn":
        write(actions.withdraw, invitation, actor="user:1", now=NOW)
    else:
        assert write(actions.expire, invitation.id, now=invitation.expires_at) == 1
    assert (invitation.state, invitation.holds_place) == (InvitationState(how), False)
    assert (next_.status, later.status) == (Status.OFFERED, Status.WAITING)
    assert counters(event) == {"tech": (4, 0), "all": 4}


def test_no_place_is_held_beyond_a_ceiling_the_capacity_or_a_floor(organiser, event):
    for number in (1, 2):
        invite(event, email=f"guest{number}@example.org", terms=HELD)
    with pytest.raises(NoPlaceToHold):
        invite(event, email="guest3@example.org", terms=HELD)
    db.session.rollback()
    page = organiser.get("invitations.invite", event="nf27")
    refused = page.submit({**FILLED, "holds_place": "y"}, button="Send the invitation", expect=409)
    assert "No place is free in the sector that could be held" in refused.text
    assert refused.form().data["holds_place"] == ["y"]
    invite(event, "ngo", email="guest3@example.org", terms=HELD)
    with pytest.raises(NoPlaceToHold):  # the last place is kept for the sector tech by its floor
        invite(event, "ngo", email="guest4@example.org", terms=HELD)
    db.session.rollback()
    assert counters(event) == {"justice": (2, 2), "ngo": (1, 1), "all": 3}
    assert db.session.query(Invitation).count() == 3


def test_a_place_for_which_somebody_waits_is_offered_before_one_is_held(event):
    people = [confirmed(event, "tech") for _number in range(4)]
    first = waiting(event)
    start = registrations.waiting_list.offer_free_places
    write(registrations.cancel, people[0], actor="person", now=NOW)
    assert (first.status, start(event, now=NOW)) == (Status.OFFERED, Served())
    with pytest.raises(NoPlaceToHold):
        invite(event, "tech", terms=HELD)
    db.session.rollback()
    second = waiting(event)
    event_id = event.id
    write(lambda: db.session.execute(text("UPDATE events SET capacity = 5 WHERE id = :id"), {"id": event_id}))
    write(lambda: db.session.execute(text("UPDATE sectors SET ceiling = 5 WHERE key = 'tech'")))
    db.session.expire_all()
    with pytest.raises(NoPlaceToHold):
        invite(event, "tech", terms=HELD)
    db.session.rollback()
    assert second.status == Status.WAITING


def test_an_invitation_without_a_place_still_passes_no_limit(event):
    holder, guest = (invite(event, "tech", email=f"{name}@example.org") for name in ("a", "b"))
    held = [invite(event, "tech", email=f"c{number}@example.org", terms=HELD) for number in range(4)]
    late = write(answering.accept, holder, applicant_of(holder), now=NOW)
    assert (late.status, event.taken) == (Status.WAITING, 4)
    kept = write(answering.accept, held[0], applicant_of(held[0]), now=NOW)
    assert (kept.status, kept.waiting_since, event.taken) == (Status.CONFIRMED, None, 4)
    assert guest.state == InvitationState.OPEN


def test_a_held_place_is_kept_whatever_the_cap_of_the_organisation(event):
    write(setattr, event, "organisation_cap", 1)
    invitation = invite(event, "tech", terms=HELD)
    confirmed(event, "tech", organisation=invitation.organisation)
    second = confirmed(event, "tech", organisation=invitation.organisation)
    invited = write(answering.accept, invitation, applicant_of(invitation), now=NOW)
    assert (invited.status, second.status) == (Status.CONFIRMED, Status.WAITING)


@pytest.mark.parametrize("name", ["given_name", "organisation", None])
def test_in_a_sector_with_review_another_name_is_looked_at_and_the_place_stays(pages, event, name):
    invitation = invite(event, "ngo", terms=HELD)
    assert "tittar de på det" in pages.get(link_of(invitation)).text
    changed = {name: "Somebody else"} if name else {}
    person = write(answering.accept, invitation, applicant_of(invitation, **changed), now=NOW)
    assert (person.status, person.holds_place) == (Status.CONFIRMED, True)
    assert person.is_in_review == bool(name)


def test_what_organisers_left_open_is_no_change_that_is_reviewed(event):
    invitation = invite(event, "ngo", terms=HELD)
    write(lambda: [setattr(invitation, name, "") for name in ("family_name", "organisation")])
    applicant = applicant_of(invitation, family_name="Dahl", organisation="Exempelbyrån")
    person = write(answering.accept, invitation, applicant, now=NOW)
    assert (person.status, person.is_in_review) == (Status.CONFIRMED, False)


def test_many_places_are_held_or_nobody_is_invited(organiser, event):
    page = organiser.get("invitations.invite_many", event="nf27")
    chosen = {"sector": "justice", "language": "sv", "holds_place": "y"}
    rows = [f"Kim;;kim{number}@example.org" for number in range(3)]
    refused = page.submit({**chosen, "lines": "\n".join(rows)}, button="Look at the rows", expect=422)
    assert "Row 3: No place is free in the sector that could be held" in refused.text
    shown = refused.submit({"lines": "\n".join(rows[:2])}, button="Look at the rows", expect=200)
    assert counters(event) == {"all": 0}
    invite(event, email="other@example.org", terms=HELD)
    refused = shown.submit(button="Send the invitations", expect=422)
    assert "Row 2: No place is free" in refused.text
    assert (counters(event), db.session.query(Invitation).count()) == ({"justice": (1, 1), "all": 1}, 1)
    again = refused.submit({"holds_place": None}, button="Look at the rows", expect=200)
    again.submit(button="Send the invitations", expect=303)
    assert counters(event) == {"justice": (1, 1), "all": 1}


def test_held_places_follow_a_merged_sector(organiser, event):
    invite(event, "tech", terms=HELD)
    page = organiser.get("settings.merge_sector", event="nf27", sector="tech", into="ngo")
    page.submit(expect=303)
    db.session.expire_all()
    assert counters(event) == {"ngo": (1, 1), "all": 1}
    assert db.session.query(Invitation).one().sector.key == "ngo"


@pytest.mark.parametrize(("taken", "reserved"), [(3, 1), (2, 0), (2, 2)])
def test_wrong_counters_are_noticed_and_mended(event, taken, reserved):
    invite(event, "tech", terms=HELD)
    confirmed(event, "tech")
    assert [finding.is_well for finding in examine(["counters"], NOW)] == [True]
    tech = find_sector(event, "tech")
    write(lambda: (setattr(tech, "taken", taken), setattr(tech, "reserved", reserved)))
    assert [finding.is_well for finding in examine(["counters"], NOW)] == [False]
    wrong = write(places.mend, event)
    told = {"tech": [taken, 2], "tech, reserved": [reserved, 1]}
    assert wrong == {key: pair for key, pair in told.items() if pair[0] != pair[1]}
    assert (counters(event), [one.is_well for one in examine(["counters"], NOW)]) == (
        {"tech": (2, 1), "all": 2},
        [True],
    )


def test_limits_cannot_go_below_places_that_are_held(event):
    invite(event, "tech", terms=HELD)
    with pytest.raises(CapacityBelowTaken):
        write(change_capacity, event, 0)


def test_the_console_and_the_ring_say_how_many_places_are_held(organiser, pages, event):
    invite(event, "tech", terms=HELD)
    confirmed(event, "tech")
    overview = organiser.get("console.overview", event="nf27")
    assert "1 place is held otherwise: for somebody who is invited, or" in overview.text
    row = next(row for row in overview.soup.select(".balance tbody tr") if "tech" in str(row.th.a["href"]))
    cells = {cell["data-label"]: cell.get_text(strip=True) for cell in row.select("td[data-label]")}
    assert [cells[name] for name in ("Confirmed", "Held", "Held otherwise", "Taken")] == [
        "1",
        "0",
        "1",
        "2",
    ]
    listed = organiser.get("attendees.index", event="nf27", status="place")
    assert listed.soup.select_one(".filters-said").get_text(strip=True).startswith("1 ")


def test_a_place_is_free_once_the_time_is_over_and_the_worker_has_come(pages, event):
    invitation = invite(event, days=1, terms=HELD)
    clock.freeze(NOW + timedelta(days=2))
    assert counters(event) == {"justice": (1, 1), "all": 1}
    assert [write(actions.expire, invitation.id, now=clock.now()) for _twice in range(2)] == [1, 0]
    assert counters(event) == {"all": 0}


# For each way to register by the public form: whether the registration uses the invitation's place, which else is free.
BY_THE_FORM = {
    "without a place": ("ngo", "ngo", True),
    "with a place of the form": ("tech", "tech", False),
    "in another sector": ("tech", "ngo", False),
}


@pytest.mark.parametrize("how", BY_THE_FORM)
def test_whoever_registers_by_the_form_has_answered_the_invitation(event, how):
    """The held place becomes the person's or becomes free; none stays held for a person who has a place."""
    to, sector, is_used = BY_THE_FORM[how]
    invitation = invite(event, to, terms=HELD)
    typed = register(event, sector, email="KIM@example.org")
    assert (invitation.state, invitation.holds_place) == (InvitationState.OPEN, True)
    # A stranger may have typed the address, so until it is confirmed both places are held, and both are counted.
    assert (event.taken, invitation.sector.reserved) == (1 + typed.holds_place, 1)
    person = confirm(typed)
    assert (invitation.state, invitation.registration, invitation.holds_place) == ("yes", person, False)
    assert invitation.given_name == person.given_name
    assert event.sectors[1].reserved == event.sectors[2].reserved == 0
    assert event.taken == person.holds_place
    if is_used:
        assert (person.status, person.holds_place, person.is_in_review) == (Status.CONFIRMED, True, True)
    assert write(actions.expire, invitation.id, now=invitation.expires_at) == 0


def test_a_place_that_is_freed_by_the_form_is_offered_to_whoever_waits(event):
    invitation = invite(event, "tech", terms=HELD)
    typed = register(event, "tech", email=invitation.email)
    for _number in range(2):
        confirmed(event, "tech")
    next_ = waiting(event)
    confirm(typed)
    assert (next_.status, counters(event)) == (Status.OFFERED, {"tech": (4, 0), "all": 4})


def move_to_invited(person, invitation):
    """Let the person change to the invitation's address, and confirm it."""
    write(new_address.ask, person, invitation.email, actor="person", now=NOW)
    return write(new_address.confirm, newest_mail(person, "new-address").token, now=NOW)


def fill(event, left=0):
    """Take the tech sector's places but `left`; a person who then registers waits."""
    for _number in range(4 - event.taken - left):
        confirmed(event, "tech")


@pytest.mark.parametrize("had", [Status.CONFIRMED, Status.OFFERED])
def test_a_new_address_answers_its_invitation_and_frees_the_second_place(event, had):
    """A person keeps the place or offer from before; the place that the invitation held goes to the next in line."""
    invitation = invite(event, "tech", terms=HELD)
    fill(event, left=had == Status.CONFIRMED)
    person, next_ = confirmed(event, "tech"), waiting(event)
    if had == Status.OFFERED:
        place = db.session.scalars(select(Registration).where(Registration.status == "confirmed")).first()
        write(registrations.cancel, place, actor="person", now=NOW)
    assert person.status == had
    move_to_invited(person, invitation)
    assert (invitation.state, invitation.holds_place, invitation.registration) == ("yes", False, person)
    assert (person.status, next_.status) == (had, Status.OFFERED)
    assert counters(event) == {"tech": (4, 0), "all": 4}


def test_a_new_address_gets_a_waiting_person_the_place_that_was_held_for_it(event):
    invitation = invite(event, "tech", terms=HELD)
    fill(event)
    ahead, person = waiting(event), waiting(event)
    since = last_id()
    move_to_invited(person, invitation)
    assert (person.status, person.holds_place, person.waiting_since) == (Status.CONFIRMED, True, None)
    assert queued(since)[-1] == ("confirmed", invitation.email)
    assert (invitation.state, invitation.holds_place, ahead.status) == ("yes", False, Status.WAITING)
    assert counters(event) == {"tech": (4, 0), "all": 4}
    assert [act for act, *_rest in recorded(person)][-2:] == [
        "registration.confirmed",
        "registration.address_changed",
    ]


@pytest.mark.parametrize("name", [FILLED["family_name"], "Another"])
def test_a_new_address_ends_no_review_of_a_name_that_was_not_invited(event, name):
    invitation = invite(event, "ngo", terms=HELD)
    known = {key: getattr(invitation, key) for key in ("given_name", "organisation")}
    person = confirmed(event, "ngo", family_name=name, **known)
    assert person.status == Status.IN_REVIEW
    move_to_invited(person, invitation)
    assert (person.status, person.holds_place) == (Status.CONFIRMED, True)
    assert person.is_in_review == (name == "Another")
    assert counters(event) == {"ngo": (1, 0), "all": 1}


def test_an_address_of_a_person_added_by_hand_answers_its_invitation(event):
    invitation = invite(event, "tech", terms=HELD)
    details = Details(**{name: getattr(make_applicant(), name) for name in Details.__dataclass_fields__})
    told = {"email": invitation.email, "reason": "Said yes.", "may_wait": True, "actor": "user:1", "now": NOW}
    person = write(by_hand.add, event, find_sector(event, "tech"), details, **told)
    assert (invitation.state, counters(event)) == (InvitationState.OPEN, {"tech": (2, 1), "all": 2})
    write(new_address.confirm, newest_mail(person, "new-address").token, now=NOW)
    assert (invitation.state, invitation.registration) == ("yes", person)
    assert counters(event) == {"tech": (1, 0), "all": 1}
    assert write(reminding.queue_one, invitation.id, now=NOW + timedelta(days=7)) == 0


@pytest.mark.parametrize("status", [Status.CONFIRMED, Status.WAITING])
def test_an_invited_substitute_has_answered_the_invitation(event, status):
    invitation = invite(event, "tech", terms=HELD)
    fill(event, left=status == Status.CONFIRMED)
    person = confirmed(event, "tech")
    assert person.status == status
    write(substituting.ask, person, invitation.email, now=NOW)
    token = newest_mail(person, "substitute-asked").token
    new = write(substituting.confirm, token, make_applicant(email=invitation.email), now=NOW)
    assert (new.status, new.holds_place, invitation.state) == (Status.CONFIRMED, True, "yes")
    assert event.sectors[2].reserved == 0
    assert event.taken == (3 if status == Status.CONFIRMED else 4)


def test_an_address_that_is_not_confirmed_uses_no_invitation(event):
    invitation = invite(event, "tech", terms=HELD)
    typed = register(event, "tech", email=invitation.email)
    write(registrations.cancel, typed, actor="user:1", now=NOW)
    assert (invitation.state, invitation.holds_place) == (InvitationState.OPEN, True)
    assert counters(event) == {"tech": (1, 1), "all": 1}
