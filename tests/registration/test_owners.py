"""Who can read encrypted answers after organisers have merged registrations or entered an address (P05, P21, P25)."""

from datetime import timedelta

import pytest

from forum import clock
from forum.audit import actions as audit
from forum.audit import queries as audit_queries
from forum.columns import digest
from forum.events.queries import find_sector
from forum.extensions import db
from forum.privacy import hanging
from forum.registration import by_hand, new_address, owners, protection, readers, separating, uniting
from forum.registration.applicant import Details
from forum.registration.by_hand import Identity
from tests.factories.events import NOW, make_event, make_sector
from tests.factories.registrations import confirmed, write
from tests.registration.filling import link_in, mails
from tests.registration.test_uniting import write_care

BY = {"actor": "user:1", "now": NOW}
SEALED = ("Canary Realname", "Canary Contact", "canary diet")
CLOSED = {"not_shown": True}


@pytest.fixture
def event(database):
    clock.freeze(NOW)
    return make_event(capacity=9, sectors=[make_sector("ngo", position=1), make_sector("tech", position=2)])


def telephoned(event):
    """Register a protected person by telephone as a handler does, with a contact and without an address."""
    details = Details("Alias", "A", "Org", "", "SE", "en", None)
    identity, sector = Identity("Canary Realname", "Canary Contact"), find_sector(event, "tech")
    added = write(by_hand.add, event, sector, details, reason="x", may_wait=False, identity=identity, **BY)
    write_care(added, {"diet": "canary diet"})
    return added


def protected(event, **differing):
    somebody = confirmed(event, "tech", is_protected=True, real_name="Canary Realname", **differing)
    write_care(somebody, {"diet": "canary diet"})
    return somebody


def told(registration):
    return str(hanging.tell(registration))


def move(registration, email, actor="person"):
    """Enter another address for a registration, and confirm it by its link."""
    write(new_address.ask, registration, email, actor=actor, now=NOW)
    link = link_in([mail for mail in mails(db.session, "new-address") if mail.recipient == email][-1])
    write(new_address.confirm, link.rpartition("/")[2], now=NOW)


@pytest.mark.parametrize("target", [telephoned, protected])
def test_merging_opens_no_sealed_answer_to_an_organisers_own_address(event, target):
    victim, fake = target(event), confirmed(event, "ngo", email="organiser@private.example")
    for one, other, taken in ((victim, fake, ()), (victim, fake, ("email",)), (fake, victim, ())):
        write(setattr, one, "requested_at", NOW)
        write(setattr, other, "requested_at", NOW + timedelta(minutes=1))
        merge = write(uniting.unite, victim, fake, taken, **BY)
        for read in (victim, fake):
            assert not [secret for secret in SEALED if secret in told(read)]
        if one is fake:
            # The person's new answer keeps the contact whom the handler noted, and undoing the merge gives the contact
            # back to the other registration.
            write(protection.record, fake, is_protected=True, real_name="X", now=NOW)
        write(separating.separate, merge, **BY)
        assert not [secret for secret in SEALED if secret in told(fake)]
        assert "canary diet" in told(victim)


def test_the_digest_of_an_address_that_owns_sealed_answers_is_keyed(app, event):
    """Nobody can guess the former address from a copy of the database, and older audit keys go on working."""
    person = protected(event, email="old@example.org")
    move(person, "organiser@example.org", actor="user:1")
    assert person.sealed_for not in (None, digest("old@example.org"))
    assert not [secret for secret in SEALED if secret in told(person)]
    keys = app.config["DATA_KEYS"]
    app.config["DATA_KEYS"] = {**keys, "audit": [b"k" * 32, *keys["audit"]]}
    move(person, "old@example.org", actor="user:1")
    assert "canary diet" in told(person)
    # A person who could read the sealed answers can read them at a new address, whose digest has the present key.
    before = person.sealed_for
    move(person, "new@example.org")
    assert person.sealed_for not in (before, digest("new@example.org"))
    assert "canary diet" in told(person)


def test_a_digest_of_an_earlier_version_still_tells_the_owner_and_is_keyed_by_the_worker(event):
    person = protected(event, email="old@example.org")
    move(person, "organiser@example.org", actor="user:1")
    write(setattr, person, "sealed_for", digest("old@example.org"))
    assert write(owners.key_old, now=NOW) == 1
    assert person.sealed_for != digest("old@example.org")
    assert write(owners.key_old, now=NOW) == 0
    assert not [secret for secret in SEALED if secret in told(person)]
    move(person, "old@example.org", actor="user:1")
    assert "canary diet" in told(person)


def test_own_data_after_a_merge_are_alike_for_everybody(event):
    for secret in ({"is_protected": True, "real_name": "Canary Realname"}, {}):
        kept, ended = confirmed(event, "ngo"), confirmed(event, "tech", **secret)
        write(uniting.unite, kept, ended, (), **BY)
        held = hanging.tell(kept)
        assert [row["answer"] for row in held["protected_identities"]] == [CLOSED, CLOSED]
        assert [row["answer"] for row in held["care_answers"]] == [CLOSED, CLOSED]
        assert held["registration_merges"][0]["before"]["identity"] == CLOSED


def test_who_has_looked_at_either_is_told_and_a_look_up_only_where_the_answers_are(event):
    kept, ended = confirmed(event, "ngo"), confirmed(event, "tech", email="two@example.org")
    for action in (audit_queries.REGISTRATION_VIEWED, audit_queries.IDENTITY_REVEALED):
        write(audit.record, action, ended, actor="user:1", at=NOW)
    only_asked = confirmed(event, "ngo")
    write(setattr, only_asked, "sealed_for", "0" * 64)
    write(audit.record, audit_queries.IDENTITY_ASKED, only_asked, actor="user:1", at=NOW)
    assert looks(only_asked) == []
    write(uniting.unite, kept, ended, (), **BY)
    assert looks(kept) == ["Looked at your registration"]
    move(kept, "two@example.org")
    looked_up = "Looked up what you have told us about a protected identity"
    assert sorted(looks(kept)) == ["Looked at your registration", looked_up]


def looks(registration):
    return [reading.what for reading in readers.list_readings(registration)]


def test_whoever_has_both_addresses_is_told_what_both_have_said(event):
    kept, ended = confirmed(event, "ngo", email="one@example.org"), protected(event, email="two@example.org")
    write(uniting.unite, kept, ended, (), **BY)
    move(kept, "elsewhere@example.org")
    assert "Canary" not in told(kept)
    move(kept, "two@example.org")
    assert "Canary Realname" in told(kept)
    move(kept, "one@example.org")
    assert "Canary Realname" in told(kept)


@pytest.mark.parametrize("target", [telephoned, protected])
def test_an_address_that_an_organiser_enters_is_told_nothing_sealed(event, target):
    somebody = target(event)
    email = somebody.email
    move(somebody, "organiser@private.example", actor="user:1")
    assert not [secret for secret in SEALED if secret in told(somebody)]
    move(somebody, "organiser@other.example")
    assert not [secret for secret in SEALED if secret in told(somebody)]
    if email:
        move(somebody, email)
        assert "Canary Realname" in told(somebody)


def test_a_person_who_moves_to_another_address_is_told_everything_there(event):
    somebody = protected(event)
    move(somebody, "new@example.org")
    assert "Canary Realname" in told(somebody)
