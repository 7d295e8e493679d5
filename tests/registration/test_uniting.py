"""Merging two registrations of one person, and undoing it (R28): places, values, encrypted answers, consents, mails."""

from datetime import timedelta

import pytest
from sqlalchemy import func, select

from forum import clock
from forum.database import start_write
from forum.events.enums import ListAudience, SectorPolicy
from forum.events.queries import find_sector
from forum.extensions import db
from forum.participants import queries as participants
from forum.people import notes
from forum.questions import queries as questions
from forum.registration import (
    actions,
    by_hand,
    consents,
    given,
    links,
    protection,
    reviewing,
    separating,
    uniting,
)
from forum.registration.applicant import Details
from forum.registration.consents import Listed
from forum.registration.enums import ConsentPurpose, ListedAs, Status, TokenPurpose
from forum.registration.errors import CannotBeMerged, CannotBeUndone, OrganisationFull
from forum.registration.merge_models import RegistrationMerge
from forum.registration.models import Registration
from tests.factories.events import NOW, make_event, make_sector
from tests.factories.mails import mark_all_sent
from tests.factories.registrations import confirmed, read_care, register, write
from tests.registration.reading import comparable, last_id, newest_mail, queued, recorded

PROTECTED = {"is_protected": True, "real_name": "Canary Realname"}
BY = {"actor": "user:1", "now": NOW}


@pytest.fixture
def app(make_app, database_url):
    return make_app(database_url)


@pytest.fixture
def event(database):
    clock.freeze(NOW)
    return make_event(
        capacity=9,
        organisation_cap=2,
        participant_list=ListAudience.PUBLIC,
        sectors=[make_sector("ngo", ceiling=2, position=1), make_sector("tech", position=2)],
    )


def named(event, sector="ngo", **differing):
    return confirmed(event, sector, **{"given_name": "Kim", "family_name": "Holm", **differing})


def unite(one, other, *taken, **differing):
    return write(uniting.unite, one, other, taken, **{**BY, **differing})


def undo(merge, **differing):
    return write(separating.separate, merge, **{**BY, **differing})


def state(registration):
    """Return everything that a merge may change, for comparing before and after."""
    db.session.expire_all()
    columns = {
        column.key: getattr(registration, column.key) for column in Registration.__mapper__.column_attrs
    }
    for counted in ("version", "calendar_sequence", "calendar_changed_at"):
        del columns[counted]
    return {
        **columns,
        "identity": registration.protected_identity.answer,
        "care": registration.care_answer.answer,
        "answers": dict(questions.list_answers(registration.id)),
        "consents": sorted(
            (one.purpose, str(one.audience), one.withdrawn_at) for one in registration.consents
        ),
        "notes": [note.text for note in notes.list_notes(registration)],
        "tags": list(notes.list_tags(registration)),
    }


def test_the_better_status_stays_and_the_freed_place_goes_to_the_next_in_line(event):
    late, second = named(event), named(event)
    waiting, next_ = named(event), confirmed(event, "ngo", given_name="Robin")
    since = last_id()
    merge = unite(waiting, late)  # the result is the same in either order of the arguments
    assert (merge.kept_id, waiting.status, late.status) == (late.id, Status.CANCELLED, Status.CONFIRMED)
    unite(second, late)
    assert (second.status, second.holds_place, next_.status) == (Status.CANCELLED, False, Status.OFFERED)
    assert (event.taken, find_sector(event, "ngo").taken) == (2, 2)
    told = [kind for kind, _to in queued(since)]
    assert told.count("merged") == 4
    assert "offered" in told
    assert [action for action, *_rest in recorded(second)][-1] == "registration.merged_away"
    assert "Kim" not in str(recorded(late)[-1])


def test_chosen_values_are_taken_over_and_links_to_the_other_address_die(event):
    stays, ends = named(event, title="", organisation="Old"), named(event, title="Head", organisation="New")
    mark_all_sent()
    old_email, since = stays.email, last_id()
    write_tags(ends, "press")
    write_note(ends, "Called twice.")
    unite(stays, ends, "title", "email")
    assert (stays.title, stays.organisation, stays.email) == ("Head", "Old", ends.email)
    assert (notes.list_tags(stays), [note.text for note in notes.list_notes(stays)]) == (
        ["press"],
        ["Called twice."],
    )
    assert sorted(queued(since)) == sorted([("merged", stays.email), ("merged", old_email)])


def write_tags(registration, *names):
    start_write(db.session)
    notes.set_tags(registration, names, actor="user:1", now=NOW)
    db.session.commit()


def write_note(registration, text):
    start_write(db.session)
    notes.add_note(registration, text, actor="command", now=NOW)
    db.session.commit()


def test_the_registration_without_an_address_gets_that_of_the_other(event):
    details = Details("Kim", "Holm", "The ministry", "", "SE", "en", None)
    added = write(by_hand.add, event, find_sector(event, "ngo"), details, reason="x", may_wait=False, **BY)
    other = named(event, "tech")
    merge = unite(added, other, "email")
    assert (merge.kept_id, added.email, added.email_canonical) == (
        added.id,
        other.email,
        other.email_canonical,
    )
    assert added.confirmed_at is not None
    undo(merge)
    assert (added.email, added.email_canonical, added.confirmed_at) == ("", added.reference, None)
    assert (other.status, event.taken) == (Status.CONFIRMED, 2)
    # A member of a delegation may have a confirmation time without an address: then the contact has confirmed.
    earlier = NOW - timedelta(days=1)
    write(setattr, added, "confirmed_at", earlier)
    undo(unite(added, other, "email"))
    assert (added.email, added.confirmed_at) == ("", earlier)


def test_what_is_sealed_is_joined_unseen_and_protected_stays_protected(event):
    stays, ends = named(event), named(event, **PROTECTED)
    for one, told in ((stays, {"diet": ["vegan"]}), (ends, {"diet": ["halal"], "access": "Loop"})):
        write_care(one, told)
    merge = unite(stays, ends)
    assert stays.protected_identity.answer["real_name"] == "Canary Realname"
    assert read_care(stays) == {"diet": ["vegan"], "access": "Loop"}
    undo(merge)
    assert stays.protected_identity.answer["is_protected"] is False
    assert read_care(stays) == {"diet": ["vegan"]}


def write_care(registration, told):
    start_write(db.session)
    given.say_care(registration, told, now=NOW)
    db.session.commit()


def test_sealed_answers_that_have_no_room_together_stay_with_the_one_that_ended(event):
    stays, ends = named(event), named(event)
    write_care(stays, {"diet": "a" * 700})
    write_care(ends, {"access": "b" * 700, "more": "c"})
    unite(stays, ends)
    assert read_care(stays) == {"diet": "a" * 700, "more": "c"}
    assert read_care(ends)["access"] == "b" * 700


@pytest.mark.parametrize(
    ("mine", "theirs", "left"),
    [
        (("name", "public"), None, None),
        (None, ("name", "public"), None),
        (("name", "public"), ("organisation", "public"), ("organisation", "public")),
        (("name", "public"), ("name", "participants"), ("name", "participants")),
        (("organisation", "participants"), ("name", "public"), ("organisation", "participants")),
    ],
)
def test_of_consents_the_narrower_stays(event, mine, theirs, left):
    stays, ends = named(event), named(event)
    for one, told in ((stays, mine), (ends, theirs)):
        if told:
            listed = Listed(ListedAs(told[0]), ListAudience(told[1]))
            write(actions.set_consents, one, frozenset({consents.LIST}), listed=listed, now=NOW)
    merge = unite(stays, ends)
    consent = consents.find(stays, consents.LIST)
    assert (consent and (consent.listed_as, consent.audience)) == left
    undo(merge)
    consent = consents.find(stays, consents.LIST)
    assert (consent and (consent.listed_as, consent.audience)) == (mine if left == mine else None)


@pytest.mark.parametrize("taken", [("family_name", "organisation"), ("title",)])
def test_undoing_brings_no_name_past_the_review(event, taken):
    """A name that the approved registration gets back has been judged by nobody, so it is reviewed (R28)."""
    write(setattr, find_sector(event, "ngo"), "policy", SectorPolicy.REVIEW)
    stays, ends = named(event, organisation="Polisen"), named(event, family_name="Dal", title="Chef")
    merge = unite(stays, ends, *taken)
    write(reviewing.approve, stays, actor="user:2", now=NOW)
    since = last_id()
    assert (undo(merge), ends.is_in_review) == (Status.IN_REVIEW, True)
    assert (stays.status, stays.family_name, stays.organisation) == (Status.CONFIRMED, "Holm", "Polisen")
    assert stays.is_in_review == ("organisation" in taken)
    actions_of = [action for action, *_rest in recorded(stays)]
    assert ("registration.review_reopened" in actions_of) == stays.is_in_review
    assert [kind for kind, _to in queued(since)] == ["reinstated", "merge-undone"]


def test_undoing_gives_each_exactly_what_it_had(event):
    photographs = frozenset({ConsentPurpose.PHOTOGRAPHS})
    stays = named(event, title="", consents=photographs)
    ends = named(event, title="Head", phone="+46 8 123 45 67", consents=photographs, **PROTECTED)
    write_tags(ends, "press")
    write_note(ends, "Called twice.")
    write_care(ends, {"diet": ["vegan"]})
    before = state(stays), state(ends)
    merge = unite(stays, ends, "title", "phone", "email")
    assert state(stays) != before[0]
    clock.freeze(NOW + timedelta(hours=23))
    assert undo(merge, now=NOW + timedelta(hours=23)) == Status.CONFIRMED
    assert (state(stays), state(ends)) == before
    assert db.session.scalar(select(func.count()).select_from(RegistrationMerge)) == 0
    assert event.taken == 2


def test_whoever_comes_back_is_on_the_list_again_only_after_consenting_anew(event):
    listed = Listed(ListedAs.NAME, ListAudience.PUBLIC)
    stays, ends = named(event), named(event)
    for one in (stays, ends):
        write(consents.give, one, [ConsentPurpose.PHOTOGRAPHS, consents.LIST], listed, now=NOW)
    undo(unite(stays, ends))
    assert [stays.has_consented(purpose) for purpose in ConsentPurpose] == [True, True]
    assert ends.has_consented(ConsentPurpose.PHOTOGRAPHS)
    assert not ends.has_consented(consents.LIST)
    assert "They have undone that" in newest_mail(ends, "reinstated").text
    assert "registration.separated" in [action for action, *_more in recorded(ends)]


@pytest.mark.parametrize("is_protected", [None, True, False])
def test_undoing_a_merge_puts_no_name_on_the_list_of_participants(event, is_protected):
    """A consent that the merge has ended may have been refused since, by a person who saw no consent on the page."""
    stays, ends = named(event), named(event)
    write(consents.give, stays, [consents.LIST], Listed(ListedAs.NAME, ListAudience.PUBLIC), now=NOW)
    assert len(participants.list_shown(event)) == 1
    merge = unite(stays, ends)
    if is_protected is not None:
        write(protection.record, stays, is_protected=is_protected, real_name=None, now=NOW)
    write(actions.set_consents, stays, frozenset(), listed=None, now=NOW)
    undo(merge)
    assert participants.list_shown(event) == []
    assert [consents.find(one, consents.LIST) for one in (stays, ends)] == [None, None]


@pytest.mark.parametrize("is_of_kept", [True, False])
def test_no_consent_to_photographs_comes_back_with_the_end_of_a_merge(event, is_of_kept):
    stays, ends = named(event), named(event)
    giver = stays if is_of_kept else ends
    write(consents.give, giver, [ConsentPurpose.PHOTOGRAPHS], None, now=NOW)
    merge = unite(stays, ends)
    assert not stays.has_consented(ConsentPurpose.PHOTOGRAPHS)
    undo(merge)
    assert [one.has_consented(ConsentPurpose.PHOTOGRAPHS) for one in (stays, ends)] == [False, False]
    write(actions.set_consents, giver, frozenset({ConsentPurpose.PHOTOGRAPHS}), listed=None, now=NOW)
    assert giver.has_consented(ConsentPurpose.PHOTOGRAPHS)


def test_a_consent_given_anew_after_a_merge_stays_when_the_merge_is_undone(event):
    stays, ends = named(event), named(event)
    listed = Listed(ListedAs.NAME, ListAudience.PUBLIC)
    write(consents.give, stays, [consents.LIST], listed, now=NOW)
    merge = unite(stays, ends)
    write(actions.set_consents, stays, frozenset({consents.LIST}), listed=listed, now=NOW)
    undo(merge)
    assert stays.has_consented(consents.LIST)
    assert not ends.has_consented(consents.LIST)


def test_whoever_stays_reads_that_a_merge_is_undone_and_what_holds_now(event):
    """The last mail said that one registration is left, so both people are told (R28)."""
    told, list_words = [], "You are not on the list of participants"
    for is_protected in (False, True):
        stays, ends = named(event, "tech"), named(event, "tech")
        write(consents.give, stays, [consents.LIST], Listed(ListedAs.NAME, ListAudience.PUBLIC), now=NOW)
        merge = unite(stays, ends)
        write(protection.record, stays, is_protected=is_protected, real_name=None, now=NOW)
        since = last_id()
        undo(merge)
        assert queued(since) == [("reinstated", ends.email), ("merge-undone", stays.email)]
        mail = newest_mail(stays, "merge-undone")
        assert ("You have a place" in mail.text, list_words in mail.text) == (True, True)
        assert links.follow(mail.token, TokenPurpose.MANAGE, now=NOW) == stays
        told.append(comparable(mail.raw, stays.email, stays.reference))
    assert told[0] == told[1]


def test_whoever_is_on_the_list_still_reads_nothing_else_and_of_a_review_that_began(event):
    write(setattr, find_sector(event, "ngo"), "policy", SectorPolicy.REVIEW)
    stays, ends = named(event, organisation="Polisen"), named(event)
    merge = unite(stays, ends, "organisation")
    write(reviewing.approve, stays, actor="user:2", now=NOW)
    listed = Listed(ListedAs.NAME, ListAudience.PUBLIC)
    write(actions.set_consents, stays, frozenset({consents.LIST}), listed=listed, now=NOW)
    undo(merge)
    text = newest_mail(stays, "merge-undone").text
    assert "You are not on the list of participants" not in text
    assert "The organisers review your name and organisation." in text


def test_a_registration_that_has_no_address_again_gets_no_mail_about_the_end_of_a_merge(event):
    details = Details("Kim", "Holm", "The ministry", "", "SE", "en", None)
    added = write(by_hand.add, event, find_sector(event, "ngo"), details, reason="x", may_wait=False, **BY)
    merge, since = unite(added, named(event, "tech"), "email"), last_id()
    undo(merge)
    assert [kind for kind, _to in queued(since)] == ["reinstated"]


def test_a_value_changed_since_stays_when_a_merge_is_undone(event):
    stays, ends = named(event, title=""), named(event, title="Head")
    merge = unite(stays, ends, "title")
    details = {name: getattr(stays, name) for name in Details.__dataclass_fields__}
    write(actions.change, stays, Details(**{**details, "title": "Chair"}), actor="person", now=NOW)
    undo(merge)
    assert stays.title == "Chair"


def test_a_merge_is_undone_within_a_day_and_only_while_a_place_is_free(event):
    stays, ends = named(event), named(event)
    merge = unite(stays, ends)
    taker = named(event)
    assert taker.status == Status.CONFIRMED
    with pytest.raises(CannotBeUndone):
        undo(merge)
    db.session.rollback()
    write(actions.cancel, taker, actor="person", now=NOW)
    with pytest.raises(CannotBeUndone):
        undo(merge, now=NOW + timedelta(days=1))
    db.session.rollback()
    assert write(separating.forget_old, now=NOW + timedelta(hours=23)) == 0
    assert write(separating.forget_old, now=NOW + timedelta(days=1)) == 1
    assert (merge.before, merge.care_before) == (None, None)
    with pytest.raises(CannotBeUndone):
        undo(merge)
    db.session.rollback()


def test_an_address_taken_meanwhile_and_a_cancellation_keep_a_merge_from_being_undone(event):
    stays, ends = named(event), named(event)
    old = stays.email
    merge = unite(stays, ends, "email")
    confirmed(event, "tech", email=old)
    with pytest.raises(CannotBeUndone):
        undo(merge)
    db.session.rollback()
    write(actions.cancel, stays, actor="person", now=NOW)
    with pytest.raises(CannotBeUndone):
        undo(merge)
    db.session.rollback()


def test_an_unconfirmed_registration_with_the_old_address_keeps_no_merge_from_being_undone(event):
    stays, ends = named(event), named(event)
    old = stays.email
    merge = unite(stays, ends, "email")
    typed = register(event, "tech", email=old)
    undo(merge)
    assert (stays.email, typed.status) == (old, Status.EXPIRED)
    assert event.taken == 2


def test_what_has_ended_or_waits_for_its_address_or_is_the_same_cannot_be_merged(event):
    one, pending, ended = named(event), register(event, "tech"), named(event)
    write(actions.cancel, ended, actor="person", now=NOW)
    for other in (pending, ended, one):
        with pytest.raises(CannotBeMerged):
            unite(one, other)
        db.session.rollback()
    assert (one.status, pending.status) == (Status.CONFIRMED, Status.PENDING)


def test_the_cap_of_an_organisation_counts_the_place_that_stays(event):
    for _ in range(2):
        named(event, "tech", organisation="Alfa")
    stays, ends = named(event, organisation="Beta"), named(event, organisation="Gamma")
    waiting = named(event, "ngo", organisation="Alfa")
    assert waiting.status == Status.WAITING
    with pytest.raises(OrganisationFull):
        unite(stays, waiting, "organisation")
    db.session.rollback()
    assert (stays.organisation, waiting.status, ends.status) == ("Beta", Status.WAITING, Status.CONFIRMED)
