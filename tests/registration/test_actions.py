"""Acts on a registration: registering, confirming, changing, accepting, cancelling; each with mail and audit entry."""

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import func, select

from forum.database import start_write
from forum.events.enums import SectorPolicy
from forum.events.queries import find_sector
from forum.extensions import db
from forum.registration import actions, intake, places
from forum.registration.applicant import CHANGEABLE, Details
from forum.registration.enums import ConsentPurpose, Status
from forum.registration.errors import (
    AlreadyConfirmed,
    NothingOffered,
    NotLive,
    OrganisationFull,
    RegistrationClosed,
    SectorByInvitation,
    SectorFull,
    SubmissionReused,
)
from forum.registration.models import Consent, Registration, Submission
from tests.factories.events import NOW, make_archive, make_event, make_sector, room
from tests.factories.registrations import SILENCED, confirmed, make_applicant, register, write
from tests.registration.reading import kinds_for, last_id, newest_mail, queued, read_identity, recorded

pytestmark = pytest.mark.usefixtures("database")
LIST, PHOTOGRAPHS = ConsentPurpose.PARTICIPANT_LIST, ConsentPurpose.PHOTOGRAPHS
LATER = NOW + timedelta(hours=1)


@pytest.fixture
def app(make_app, database_url):
    return make_app(database_url)


def send(event, applicant, sector="justice", now=NOW):
    """Register with exactly these answers, as when a browser sends one form again."""
    start_write(db.session)
    places.lock(event)
    registration = intake.register(event, find_sector(event, sector), applicant, now=now)
    db.session.commit()
    return registration


def count(model) -> int:
    return db.session.scalar(select(func.count()).select_from(model))


def details_of(registration, **differing) -> Details:
    names = CHANGEABLE
    return Details(**{**{name: getattr(registration, name) for name in names}, **differing})


# Registering


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
    event = make_event()
    none, both = confirmed(event), confirmed(event, consents=frozenset({LIST, PHOTOGRAPHS}))
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


@pytest.mark.parametrize("state", [{"is_published": False}, {"is_current": False}])
def test_register_is_refused_for_an_event_that_is_not_the_current_published_one(state):
    with pytest.raises(RegistrationClosed):
        register(make_event(**state))


def test_register_is_refused_for_an_earlier_event_even_in_its_own_time():
    archive = make_archive()
    with pytest.raises(RegistrationClosed):
        register(archive, now=archive.opens_at)


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


# Sending one form again, or registering one address again (R03, R04, S24)


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


# Confirming


def test_confirm_lets_the_place_stand_and_says_so_once():
    event = make_event()
    registration = register(event)
    write(actions.confirm, registration, now=LATER)
    with pytest.raises(AlreadyConfirmed):
        write(actions.confirm, registration, now=LATER)
    db.session.rollback()
    assert (registration.status, registration.confirmed_at, event.taken) == (Status.CONFIRMED, LATER, 1)
    assert kinds_for(registration) == ["received", "confirmed"]
    assert [entry[:2] for entry in recorded(registration)] == [
        ("registration.received", "visitor"),
        ("registration.address_confirmed", "person"),
        ("registration.confirmed", "person"),
    ]


def test_confirm_without_a_place_joins_the_waiting_list():
    event = room()
    register(event)
    late = register(event)
    write(actions.confirm, late, now=LATER)
    assert (late.status, late.confirmed_at, late.waiting_since) == (Status.WAITING, LATER, NOW)
    assert kinds_for(late) == ["received-without-place", "waiting"]
    assert recorded(late)[-1][0] == "registration.waiting"


@pytest.mark.parametrize(("seconds", "confirms"), [(-1, True), (0, False)])
def test_confirm_is_possible_until_the_last_second(seconds, confirms):
    registration = register(make_event())
    at = registration.confirm_by + timedelta(seconds=seconds)
    if confirms:
        assert write(actions.confirm, registration, now=at).status == Status.CONFIRMED
    else:
        with pytest.raises(NotLive):
            write(actions.confirm, registration, now=at)


# Accepting an offer


def test_accepting_what_was_never_offered_is_refused():
    event = room()
    confirmed(event)
    waiting = confirmed(event)
    with pytest.raises(NothingOffered):
        write(actions.accept_offer, waiting, now=LATER)


@pytest.mark.parametrize(("seconds", "accepts"), [(-1, True), (0, False)])
def test_an_offer_can_be_accepted_until_the_last_second(seconds, accepts):
    event = room()
    holder, waiting = confirmed(event), confirmed(event)
    write(actions.cancel, holder, actor="person", now=LATER)
    at = waiting.offer_expires_at + timedelta(seconds=seconds)
    if accepts:
        assert write(actions.accept_offer, waiting, now=at).status == Status.CONFIRMED
        assert (waiting.offer_expires_at, waiting.waiting_since) == (None, None)
        assert kinds_for(waiting)[-1] == "confirmed"
    else:
        with pytest.raises(NothingOffered):
            write(actions.accept_offer, waiting, now=at)


# Cancelling


@pytest.mark.parametrize("actor", ["person", "user:7"])
def test_cancel_frees_the_place_ends_the_links_and_says_who_did_it(actor):
    event = make_event()
    registration = confirmed(event, "tech")
    write(actions.cancel, registration, actor=actor, now=LATER)
    assert (registration.status, registration.ended_at, event.taken) == (Status.CANCELLED, LATER, 0)
    assert find_sector(event, "tech").taken == 0
    assert kinds_for(registration)[-1] == "cancelled"
    assert recorded(registration)[-1] == ("registration.cancelled", actor, {"was": "confirmed"})


def test_cancelling_twice_is_refused_and_frees_nothing_more():
    event = make_event()
    first, _second = confirmed(event), confirmed(event)
    write(actions.cancel, first, actor="person", now=LATER)
    with pytest.raises(NotLive):
        write(actions.cancel, first, actor="person", now=LATER)
    db.session.rollback()
    assert (event.taken, kinds_for(first).count("cancelled")) == (1, 1)


# Changing details


def test_change_records_which_fields_changed_never_what_they_say():
    registration = confirmed(make_event())
    wanted = details_of(registration, family_name="Ögren", title="Domare", language="sv")
    assert write(actions.change, registration, wanted, actor="person", now=LATER) == [
        "family_name",
        "title",
        "language",
    ]
    assert (registration.family_name, registration.sort_key) == ("Ögren", "}gren {sa")
    assert recorded(registration)[-1] == (
        "registration.changed",
        "person",
        {"fields": ["family_name", "title", "language"]},
    )


def test_changing_nothing_records_nothing():
    registration = confirmed(make_event())
    before = recorded(registration)
    assert write(actions.change, registration, details_of(registration), actor="person", now=LATER) == []
    assert recorded(registration) == before


def test_a_place_cannot_be_carried_to_an_organisation_at_its_cap():
    event = make_event(organisation_cap=1)
    confirmed(event, organisation="Stora bolaget")
    mover = confirmed(event, organisation="Lilla bolaget")
    with pytest.raises(OrganisationFull):
        write(
            actions.change,
            mover,
            details_of(mover, organisation="STORA BOLAGET AB"),
            actor="person",
            now=LATER,
        )
    db.session.rollback()
    assert mover.organisation == "Lilla bolaget"
    write(
        actions.change, mover, details_of(mover, organisation="Lilla Bolaget AB"), actor="person", now=LATER
    )


def test_a_place_carried_away_from_an_organisation_is_offered_within_it():
    event = make_event(capacity=5, organisation_cap=1)
    mover, waiting = confirmed(event, organisation="Bolaget"), confirmed(event, organisation="Bolaget")
    assert waiting.status == Status.WAITING
    write(actions.change, mover, details_of(mover, organisation="Annat bolag"), actor="person", now=LATER)
    assert waiting.status == Status.OFFERED


# Consents


def test_consents_are_given_and_withdrawn_with_their_moments():
    registration = confirmed(make_event(), consents=frozenset({LIST}))
    write(actions.set_consents, registration, frozenset({PHOTOGRAPHS}), now=LATER)
    write(actions.set_consents, registration, frozenset({PHOTOGRAPHS}), now=LATER + timedelta(hours=1))
    kept = [(consent.purpose, consent.given_at, consent.withdrawn_at) for consent in registration.consents]
    assert sorted(kept) == [("participant_list", NOW, LATER), ("photographs", LATER, None)]
    assert [entry[2] for entry in recorded(registration) if entry[0] == "registration.consent"] == [
        {"purpose": "participant_list", "given": False},
        {"purpose": "photographs", "given": True},
    ]


def test_a_consent_given_again_is_a_new_row():
    registration = confirmed(make_event(), consents=frozenset({LIST}))
    for wanted in (frozenset(), frozenset({LIST})):
        write(actions.set_consents, registration, wanted, now=LATER)
    assert [consent.withdrawn_at for consent in registration.consents] == [LATER, None]
    assert registration.has_consented(LIST)


# Sending a mail again


def test_resend_repeats_the_mail_of_each_state():
    event = make_event(
        sectors=[make_sector("justice", ceiling=1), make_sector("other", policy=SectorPolicy.REVIEW)]
    )
    holder, waiting = confirmed(event), confirmed(event)
    people = [register(event, "other"), register(event), confirmed(event, "other"), holder, waiting]
    for person in people:
        before = last_id()
        write(actions.resend, person, actor="user:7", now=LATER)
        assert queued(before) == [(kinds_for(person)[0 if person.status == "pending" else -1], person.email)]
        assert recorded(person)[-1][:2] == ("registration.mail_resent", "user:7")
    write(actions.cancel, holder, actor="person", now=LATER)
    write(actions.resend, waiting, actor="user:7", now=LATER)
    assert kinds_for(waiting)[-2:] == ["offered", "offered"]


@pytest.mark.parametrize(
    "rule",
    [
        lambda one: actions.confirm(one, now=LATER),
        lambda one: actions.cancel(one, actor="person", now=LATER),
        lambda one: actions.change(one, details_of(one, title="X"), actor="person", now=LATER),
        lambda one: actions.set_consents(one, frozenset({LIST}), now=LATER),
        lambda one: actions.resend(one, actor="person", now=LATER),
    ],
    ids=["confirm", "cancel", "change", "set_consents", "resend"],
)
def test_nothing_can_be_done_with_what_has_ended(rule):
    registration = confirmed(make_event())
    write(actions.cancel, registration, actor="person", now=NOW)
    before = (recorded(registration), queued())
    with pytest.raises(NotLive):
        write(rule, registration)
    db.session.rollback()
    assert (recorded(registration), queued()) == before
