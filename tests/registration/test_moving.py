"""Moving a registration to another sector, by an organiser and by the person: place, waiting list, review, mails."""

from datetime import timedelta

import pytest

from forum import clock
from forum.audit import queries as audit
from forum.database import start_write
from forum.events.enums import SectorPolicy
from forum.events.queries import find_sector
from forum.extensions import db
from forum.registration import actions, moving, places, queries, readers, reviewing, waiting_list
from forum.registration.applicant import CHANGEABLE, Details
from forum.registration.enums import Status
from forum.registration.errors import NoPlaceThere, NoSuchSector
from forum.registration.moving import Outcome
from tests.factories.events import NOW, make_event, make_sector
from tests.factories.mails import mark_all_sent
from tests.factories.registrations import confirmed, register, write
from tests.registration.reading import kinds_for, newest_mail, recorded

ORGANISER = "user:1"


@pytest.fixture
def app(make_app, database_url):
    return make_app(database_url)


@pytest.fixture
def event(database):
    """Save an event with a sector that is full, one with a place, one that is reviewed and one by invitation."""
    clock.freeze(NOW)
    sectors = [
        make_sector("tech", ceiling=2, position=1),
        make_sector("ngo", ceiling=1, position=2),
        make_sector("other", policy=SectorPolicy.REVIEW, position=3),
        make_sector("justice", policy=SectorPolicy.INVITATION, position=4),
    ]
    return make_event(capacity=6, sectors=sectors)


def move(person, key, *, may_wait=False, actor=ORGANISER):
    sector = find_sector(person.event, key)
    return write(moving.move, person, sector, may_wait=may_wait, actor=actor, now=NOW)


def taken(event):
    db.session.expire_all()
    return {sector.key: sector.taken for sector in event.sectors if sector.taken} | {"all": event.taken}


def show(organiser, person):
    return organiser.get("attendees.show", event="nf27", reference=person.reference)


def test_place_moves_only_where_one_is_free_and_the_line_gets_the_old_one(event):
    mover, holder = confirmed(event, "tech"), confirmed(event, "ngo")
    other, waiting = confirmed(event, "tech"), confirmed(event, "tech")
    assert (waiting.status, taken(event)) == (Status.WAITING, {"tech": 2, "ngo": 1, "all": 3})
    start_write(db.session)
    with pytest.raises(NoPlaceThere):
        moving.move(mover, find_sector(event, "ngo"), may_wait=False, actor=ORGANISER, now=NOW)
    db.session.rollback()
    assert (mover.sector.key, taken(event)) == ("tech", {"tech": 2, "ngo": 1, "all": 3})
    assert move(mover, "ngo", may_wait=True) == Outcome.NO_PLACE
    assert (mover.status, mover.waiting_since, waiting.status) == (Status.WAITING, NOW, Status.OFFERED)
    assert taken(event) == {"tech": 2, "ngo": 1, "all": 3}
    assert kinds_for(mover)[-1] == "waiting"
    assert recorded(mover)[-2][:2] == ("registration.moved", ORGANISER)
    assert move(holder, "other") == Outcome.KEEPS_PLACE
    assert (holder.status, mover.status) == (Status.CONFIRMED, Status.OFFERED)
    assert move(other, "tech") is None
    assert taken(event) == {"tech": 2, "ngo": 1, "other": 1, "all": 4}


def test_waiting_person_keeps_the_time_of_registering(event):
    confirmed(event, "ngo")
    early = confirmed(event, "ngo", now=NOW - timedelta(hours=2))
    for hours in (3, 1):
        confirmed(event, "tech", now=NOW - timedelta(hours=hours))
    line = [confirmed(event, "tech", now=NOW - timedelta(hours=hours)) for hours in (4, 0)]
    assert {one.status for one in (early, *line)} == {Status.WAITING}
    assert moving.position_in(early, find_sector(event, "tech")) == 2
    assert move(early, "tech") == Outcome.IN_LINE
    assert [waiting_list.position(one) for one in (line[0], early, line[1])] == [1, 2, 3]


def test_organisation_at_its_cap_moves_but_gets_no_second_place(event):
    write(setattr, event, "organisation_cap", 1)
    person = confirmed(event, "ngo", organisation="Alfa")
    assert move(person, "tech") == Outcome.KEEPS_PLACE
    assert taken(event) == {"tech": 1, "all": 1}


def test_unconfirmed_registration_moves_with_its_hold(event):
    person = register(event, "ngo")
    until = person.held_until
    assert move(person, "tech") == Outcome.KEEPS_PLACE
    assert (person.status, person.held_until, taken(event)) == (Status.PENDING, until, {"tech": 1, "all": 1})


def test_an_unconfirmed_person_who_moves_to_reviews_is_on_no_list_yet(event):
    """Confirming the address puts the person into review; until then no organiser has read the person in a queue."""
    person = register(event, "ngo")
    write(moving.move, person, find_sector(event, "other"), may_wait=True, actor="person", now=NOW)
    assert (person.status, [*readers.list_stays(audit.find_history(person))]) == (Status.PENDING, [])


def test_organiser_reads_what_moving_means_before_and_tells_the_person(organiser, event):
    person, _holder = confirmed(event, "tech", language="sv"), confirmed(event, "ngo")
    page = show(organiser, person).follow("Move to another sector")
    assert page.all("main .choice .hint") == [
        "No place is free there. In the waiting list: 1st in line.",
        "The place is kept.",
        "The place is kept.",
    ]
    page.submit({}, button="Move", expect=422)
    refused = page.submit({"sector": "ngo", "if_full": "stay"}, button="Move", expect=409)
    assert refused.all(".field-wrong .error") == ["Error: No place is free there. Nothing has been changed."]
    sent = {"sector": "other", "if_full": "stay", "words": "Enligt telefonsamtal."}
    refused.submit(sent, button="Move", expect=303)
    db.session.refresh(person)
    assert (person.sector.key, person.status) == ("other", Status.CONFIRMED)
    mail = newest_mail(person, "changed")
    assert "Sektor" in mail.text
    assert "Enligt telefonsamtal." in mail.text


def test_page_that_shows_an_older_state_moves_nobody(organiser, event):
    person = confirmed(event, "tech")
    page = show(organiser, person).follow("Move to another sector")
    move(person, "other")
    asked = page.submit({"sector": "ngo", "if_full": "wait"}, button="Move", expect=409)
    db.session.refresh(person)
    assert person.sector.key == "other"
    assert "Somebody else has saved meanwhile" in asked.text


def test_person_may_not_choose_a_sector_by_invitation_and_is_reviewed_where_all_are(event):
    person = confirmed(event, "tech")
    start_write(db.session)
    with pytest.raises(NoSuchSector):
        moving.move(person, find_sector(event, "justice"), may_wait=True, actor="person", now=NOW)
    db.session.rollback()
    assert move(person, "other", actor="person") == Outcome.REVIEWED
    assert (person.status, person.holds_place, taken(event)) == (Status.IN_REVIEW, False, {"all": 0})
    assert kinds_for(person)[-1] == "in-review"
    assert places.places_left(event, NOW)


def test_whoever_is_in_review_gets_a_place_or_waits_in_a_sector_without_a_review(organiser, event):
    full, free, sent = confirmed(event, "other"), confirmed(event, "other"), confirmed(event, "other")
    confirmed(event, "ngo")
    page = show(organiser, free).follow("Move to another sector")
    assert page.all("main .choice .hint") == [
        "Gets a place there, without a review.",
        "No place is free there. Waits, 1st in line, without a review.",
        "Gets a place there, without a review.",
    ]
    shown = page.submit({"sector": "tech"}, button="Move", follow=True)
    assert (shown.flashes, shown.all(".status")[0]) == (
        ["Moved to IT and telecom. The person has a place."],
        "Confirmed",
    )
    db.session.expire_all()
    assert (free.holds_place, free.review_since, kinds_for(free)[-1]) == (True, None, "confirmed")
    assert move(full, "ngo", actor="person") == Outcome.JOINS_LINE
    assert (full.status, full.waiting_since, kinds_for(full)[-1]) == (Status.WAITING, NOW, "waiting")
    assert taken(event) == {"tech": 1, "ngo": 1, "all": 2}
    write(setattr, event, "has_waiting_list", False)
    page = show(organiser, sent).follow("Move to another sector")
    assert page.all("main .choice .hint")[1] == "No place is free there, and nobody can wait."
    refused = page.submit({"sector": "ngo"}, button="Move", expect=409)
    assert refused.errors == {"sector": "No place is free there. Nothing has been changed."}
    db.session.expire_all()
    assert (sent.sector.key, sent.status) == ("other", Status.IN_REVIEW)


def test_whoever_loses_a_place_by_a_move_reads_of_the_move(event):
    """The mail about waiting or about the review says what has changed, not that the address is confirmed."""
    holder, mover, other, offered = (confirmed(event, key) for key in ("ngo", "tech", "tech", "tech"))
    move(mover, "ngo", may_wait=True)
    told = newest_mail(mover, "waiting").text
    assert (
        "The organisers of Nordic Forum for testing have moved your registration to the sector NGOs." in told
    )
    assert "The place that you had in your former sector is given up." in told
    assert offered.status == Status.OFFERED
    move(offered, "ngo", may_wait=True, actor="person")
    told += newest_mail(offered, "waiting").text
    assert "You have moved your registration for Nordic Forum for testing to the sector NGOs." in told
    assert "The place that was offered to you in your former sector is given up." in told
    for person in (other, mover):
        move(person, "other", actor="person")
        told += newest_mail(person, "in-review").text
    assert "given up" in newest_mail(other, "in-review").text
    assert "given up" not in newest_mail(mover, "in-review").text
    move(mover, "ngo", actor="person")
    told += newest_mail(mover, "waiting").text
    assert "given up" not in newest_mail(mover, "waiting").text
    assert "Your address is confirmed" not in told
    assert holder.status == Status.CONFIRMED


@pytest.mark.parametrize("actor", ["person", ORGANISER])
def test_whoever_leaves_the_reviews_with_a_change_reads_that_no_decision_follows(event, actor):
    write(setattr, event, "review_days", 3)
    person, fresh, waiting = (confirmed(event, "other") for _number in range(3))
    confirmed(event, "ngo")
    told = []
    for one, sector, kind in (
        (person, "tech", "change-review-ended"),
        (fresh, "tech", "change-review-ended"),
        (waiting, "ngo", "waiting"),
    ):
        write(reviewing.approve, one, actor=ORGANISER, now=NOW)
        details = {name: getattr(one, name) for name in CHANGEABLE} | {"organisation": "Beta"}
        write(actions.change, one, Details(**details), actor="person", now=NOW)
        assert "You will have an answer by" in newest_mail(one, "change-in-review").text
        if one is not fresh:
            mark_all_sent()
        move(one, sector, may_wait=True, actor=actor)
        assert (one.is_in_review, kinds_for(one)[-1]) == (False, kind)
        told.append(newest_mail(one, kind).text)
    assert all("the review of yours has ended." in text for text in told)
    assert ["You keep your place." in text for text in told] == [True, True, False]
    assert {mail.status for mail in queries.list_mails(fresh) if mail.kind == "change-in-review"} == {
        "aborted"
    }


def test_message_that_has_not_left_names_the_new_sector(event):
    holder, _second, waiting = (confirmed(event, "tech") for _ in range(3))
    write(actions.cancel, holder, actor="person", now=NOW)
    assert (waiting.status, newest_mail(waiting).row.kind) == (Status.OFFERED, "offered")
    assert move(waiting, "ngo") == Outcome.KEEPS_PLACE
    first, second = [mail for mail in queries.list_mails(waiting) if mail.kind == "offered"]
    assert (first.status, second.status) == ("aborted", "queued")
    assert "NGOs" in newest_mail(waiting).text
    mark_all_sent()
    assert move(waiting, "other") == Outcome.KEEPS_PLACE
    assert kinds_for(waiting).count("offered") == 2
