"""Registering: who is accepted or refused, once for each form and each address, with a mail and an audit entry."""

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import func, select

from forum.database import start_write
from forum.events.enums import SectorPolicy
from forum.events.queries import find_sector
from forum.extensions import db
from forum.registration import actions, intake, places
from forum.registration.enums import ConsentPurpose, Status
from forum.registration.errors import (
    RegistrationClosed,
    SectorByInvitation,
    SectorFull,
    SubmissionReused,
)
from forum.registration.models import Consent, Registration, Submission
from tests.factories.events import NOW, make_archive, make_event, make_sector, room
from tests.factories.registrations import SILENCED, confirmed, make_applicant, register, write
from tests.registration.filling import checked
from tests.registration.reading import kinds_for, newest_mail, queued, read_identity, recorded

pytestmark = pytest.mark.usefixtures("database")
LIST, PHOTOGRAPHS = ConsentPurpose.PARTICIPANT_LIST, ConsentPurpose.PHOTOGRAPHS
LATER = NOW + timedelta(hours=1)


@pytest.fixture
def app(make_app, database_url):
    return make_app(database_url)


def send(event, applicant, sector="justice", now=NOW):
    """Register with exactly these answers and this form key, as when a browser sends one form again."""
    start_write(db.session)
    places.lock(event)
    registration = intake.register(event, find_sector(event, sector), applicant, now=now)
    db.session.commit()
    return registration


def count(model) -> int:
    return db.session.scalar(select(func.count()).select_from(model))


# Tests of registering


def test_register_holds_a_place_and_asks_for_the_address_to_be_confirmed():
    event = make_event()
    registration = register(event, "tech", language="sv", title="Chef", phone="+46 8 123 45 67")
    assert (registration.status, registration.holds_place) == (Status.PENDING, True)
    assert (registration.requested_at, registration.confirm_by) == (NOW, NOW + timedelta(hours=48))
    assert queued() == [("received", registration.email)]
    assert newest_mail(registration).row.language == "sv"
    assert recorded(registration) == [("registration.received", "visitor", {"sector": "tech", "place": True})]


def test_register_without_a_free_place_says_so_and_still_asks_for_the_address():
    event = room()
    register(event)
    late = register(event)
    assert (late.status, late.holds_place, kinds_for(late)) == (
        Status.PENDING,
        False,
        ["received-without-place"],
    )
    assert recorded(late)[0][2] == {"sector": "justice", "place": False}


def test_register_derives_what_lists_sort_search_and_count_by():
    registration = register(
        make_event(),
        given_name="Åsa",
        family_name="Łęcka",
        organisation="Bolaget AB",
        email="Asa@Example.ORG",
    )
    assert (registration.sort_key, registration.organisation_key) == ("lecka {sa", "bolaget")
    assert registration.search_text.startswith("asa lecka bolaget ab asa@example.org ")
    assert (registration.email, registration.email_canonical) == ("Asa@Example.ORG", "asa@example.org")


def test_references_say_nothing_and_have_no_look_alikes():
    references = {register(event).reference for event in [make_event()] for _ in range(5)}
    assert len(references) == 5
    assert {len(reference) for reference in references} == {9}
    assert not set("".join(references)) & set("ILOU")


def test_confirming_keeps_only_the_consents_that_were_given():
    """Without any consent a registration is confirmed all the same (P03)."""
    event = make_event()
    none, both = confirmed(event), confirmed(event, consents=frozenset({LIST, PHOTOGRAPHS}))
    assert (none.status, none.holds_place) == ("confirmed", True)
    assert [(consent.purpose, consent.given_at, consent.withdrawn_at) for consent in none.consents] == []
    assert sorted((consent.purpose, consent.given_at, consent.text_version) for consent in both.consents) == [
        ("participant_list", NOW, "2026-11-27"),
        ("photographs", NOW, "2026-11-27"),
    ]


def test_a_protected_person_is_marked_in_a_table_of_its_own_only():
    event = make_event()
    alias = register(event, is_protected=True, real_name="Verkliga Namnet")
    sealed = {"is_protected": True, "real_name": "Verkliga Namnet", "recorded_at": NOW.isoformat()}
    assert alias.protected_identity.answer == sealed
    assert "verkliga" not in f"{alias.search_text} {alias.sort_key}"


def test_a_reviewing_sector_holds_no_place_and_reviews_after_the_confirmation():
    event = make_event(sectors=[make_sector("other", policy=SectorPolicy.REVIEW)])
    registration = register(event, "other")
    assert (registration.holds_place, event.taken) == (False, 0)
    write(actions.confirm, registration, now=LATER)
    assert (registration.status, kinds_for(registration)) == (
        Status.IN_REVIEW,
        ["received-without-place", "in-review"],
    )


def test_a_full_reviewing_sector_still_takes_applications_without_a_waiting_list():
    sectors = [make_sector("other", policy=SectorPolicy.REVIEW)]
    event = make_event(capacity=0, has_waiting_list=False, sectors=sectors)
    assert register(event, "other").status == Status.PENDING


@pytest.mark.parametrize(("moment", "seconds"), [("opens_at", -1), ("closes_at", 0), ("closes_at", 1)])
def test_register_is_refused_outside_its_hours_on_the_second(moment, seconds):
    event = make_event()
    with pytest.raises(RegistrationClosed):
        register(event, now=getattr(event, moment) + timedelta(seconds=seconds))
    db.session.rollback()
    assert (count(Registration), queued()) == (0, [])


@pytest.mark.parametrize(("moment", "seconds"), [("opens_at", 0), ("closes_at", -1)])
def test_register_is_taken_from_the_first_to_the_last_second(moment, seconds):
    event = make_event()
    register(event, now=getattr(event, moment) + timedelta(seconds=seconds))
    assert count(Registration) == 1


def test_register_is_refused_for_an_event_that_is_not_public():
    with pytest.raises(RegistrationClosed):
        register(make_event(is_published=False))


def test_register_is_taken_for_an_event_beside_the_front_page():
    register(make_event(is_current=False))
    assert count(Registration) == 1


def test_register_is_refused_for_an_earlier_event():
    with pytest.raises(RegistrationClosed):
        register(make_archive())


def test_register_is_refused_in_a_sector_by_invitation():
    with pytest.raises(SectorByInvitation):
        register(make_event(sectors=[make_sector("justice", policy=SectorPolicy.INVITATION)]))


def test_register_is_refused_when_full_without_waiting_list_and_leaves_nothing():
    event = room(has_waiting_list=False)
    register(event)
    with pytest.raises(SectorFull):
        register(event)
    db.session.rollback()
    assert (count(Registration), count(Submission), event.taken, len(queued())) == (1, 1, 1, 1)


# Tests of sending one form again, or registering one address again (R03, R04, S24)


def test_the_same_form_sent_again_is_the_same_registration_with_one_mail():
    event, applicant = make_event(), make_applicant()
    first = send(event, applicant)
    again = send(event, applicant, now=LATER)
    assert (again.id, count(Registration), event.taken, len(queued())) == (first.id, 1, 1, 1)


def test_the_same_form_is_recognised_even_after_closing():
    event, applicant = make_event(), make_applicant()
    first = send(event, applicant, now=event.closes_at - timedelta(seconds=1))
    assert send(event, applicant, now=event.closes_at).id == first.id


@pytest.mark.parametrize(
    "difference",
    [
        {"family_name": "Annan"},
        {"email": "annan@example.org"},
        {"is_protected": True, "real_name": "Verklig"},
        {"phone": "112233"},
    ],
    ids=lambda difference: next(iter(difference)),
)
def test_the_same_form_with_other_answers_is_refused(difference):
    event, applicant = make_event(), make_applicant()
    send(event, applicant)
    with pytest.raises(SubmissionReused):
        send(event, replace(applicant, **difference))
    db.session.rollback()
    assert (count(Registration), len(queued())) == (1, 1)


def test_an_address_has_one_live_registration_whatever_its_spelling():
    event = make_event()
    first = register(event, email="Åsa@Example.org", given_name="Åsa")
    again = register(event, "tech", email="a\u030aSA@EXAMPLE.ORG", given_name="Stranger")
    assert (again.id, again.given_name, again.sector.key, event.taken) == (first.id, "Åsa", "justice", 1)
    assert (count(Registration), kinds_for(first)) == (1, ["received", "already-registered"])
    assert recorded(first)[-1] == ("registration.asked_again", "visitor", {"sector": "tech", "place": True})


def test_a_known_address_gets_nothing_of_what_a_stranger_claims():
    event = make_event()
    known = register(event)
    register(event, email=known.email, is_protected=True, real_name="X", phone="112233")
    assert (read_identity(known), count(Consent), known.phone) == ((False, None), 0, None)


def test_the_mail_to_a_known_address_goes_to_the_spelling_that_was_registered():
    event = make_event()
    register(event, email="anna@example.org")
    register(event, email="ANNA@EXAMPLE.ORG")
    assert queued()[-1] == ("already-registered", "anna@example.org")


def test_a_form_for_a_known_address_sent_twice_is_one_mail_too():
    event = make_event()
    known = register(event)
    applicant = make_applicant(email=known.email)
    assert {send(event, applicant).id for _ in range(3)} == {known.id}
    assert kinds_for(known) == ["received", "already-registered"]


def test_a_form_with_other_answers_is_refused_for_a_known_address_as_for_a_new_one():
    event = make_event()
    applicant = make_applicant(email=register(event).email)
    send(event, applicant)
    with pytest.raises(SubmissionReused):
        send(event, replace(applicant, given_name="Other"))


def test_a_full_sector_refuses_a_known_address_as_a_new_one():
    event = room(has_waiting_list=False)
    known = register(event)
    with pytest.raises(SectorFull):
        register(event, email=known.email)


def test_a_message_too_many_is_made_and_withheld_for_known_and_new_addresses():
    event = make_event()
    known = register(event)
    for email in (known.email, "new@example.org"):
        register(event, email=email, sender=SILENCED)
    rows = db.session.execute(db.text("SELECT kind, status FROM outbox_messages ORDER BY id")).all()
    assert [tuple(row) for row in rows] == [
        ("received", "queued"),
        ("already-registered", "withheld"),
        ("received-without-place", "withheld"),
    ]
    links = db.session.execute(db.text("SELECT revoked_at IS NULL FROM registration_tokens")).scalars()
    assert sorted(map(bool, links)) == [False, False, True]


@pytest.mark.parametrize("status", ["pending", "waiting", "confirmed", "offered", "in_review"])
def test_an_address_is_known_in_every_live_state(status):
    event = make_event(
        sectors=[make_sector("justice", ceiling=1), make_sector("other", policy=SectorPolicy.REVIEW)]
    )
    people = {"pending": register(event, "other"), "in_review": confirmed(event, "other")}
    people["confirmed"] = holder = confirmed(event)
    people["waiting"] = confirmed(event)
    if status == "offered":
        write(actions.cancel, holder, actor="person", now=NOW)
        people["offered"] = people["waiting"]
    known = people[status]
    assert known.status == status
    assert register(event, email=known.email).id == known.id
    assert kinds_for(known)[-1] == "already-registered"


def test_an_address_whose_registration_has_ended_may_register_again():
    event = make_event()
    first = confirmed(event)
    write(actions.cancel, first, actor="person", now=NOW)
    second = register(event, email=first.email)
    assert (second.id != first.id, second.status, kinds_for(second)) == (True, Status.PENDING, ["received"])


@pytest.mark.usefixtures("frozen")
def test_a_page_works_out_the_places_left_once_for_each_of_its_parts(pages, event, monkeypatch):
    """The form has three such parts: the header's link, the small ring, and whether the sector accepts people.

    "Check your answers" has two: the header's link, and whether a place can be held.
    """
    work_out, asked = places.places_left, []
    monkeypatch.setattr(places, "places_left", lambda *given: asked.append(given) or work_out(*given))
    page = checked(pages)
    assert (page.h1, len(asked)) == ("Check your answers", 3 + 2)
