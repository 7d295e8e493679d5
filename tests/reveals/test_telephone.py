"""A handler registers somebody by telephone; organisers see the same as for any other addition by hand (P20, P21)."""

import pytest

from forum import clock
from forum.accounts.enums import Role
from forum.extensions import db
from forum.registration import protection
from forum.registration.enums import Status
from forum.registration.models import Registration
from tests.factories.events import NOW, make_event, make_sector
from tests.factories.registrations import write
from tests.registration.reading import last_id, queued, recorded

REAL_NAME, CONTACT = "Canary Realname", "Chancellery, +46 8 123 45 67"
FILLED = {
    "given_name": "Kim",
    "family_name": "Alias",
    "organisation": "The ministry",
    "country": "SE",
    "language": "en",
    "sector": "ngo",
    "if_full": "stay",
    "reason": "Called by telephone.",
}
SEALED = {"real_name": REAL_NAME, "contact": CONTACT}


@pytest.fixture
def app(make_app, database_url):
    return make_app(database_url)


@pytest.fixture
def event(database):
    clock.freeze(NOW)
    return make_event(sectors=[make_sector("ngo", ceiling=2)])


@pytest.fixture
def handler(sign_in_as, event):
    return sign_in_as(Role.PROTECTED_HANDLER, event)


def ask(handler):
    return handler.get("reveals.index", event="nf27").follow("Register by telephone")


def added_by(page, filled):
    page.submit(filled, button="Register the person", expect=303)
    return db.session.query(Registration).order_by(Registration.id.desc()).first()


def test_a_handler_registers_somebody_without_an_address_under_an_alias(handler, event):
    since, page = last_id(), ask(handler)
    assert page.submit({"reason": ""}, expect=422).errors["reason"] == "Write why"
    shown = page.submit({**FILLED, **SEALED}, button="Register the person", follow=True)
    added = db.session.query(Registration).one()
    assert shown.flashes == [
        f"The person has been added and has a place. The reference of the registration is {added.reference}."
    ]
    assert (added.status, added.email, queued(since)) == (Status.CONFIRMED, "", [])
    told = added.protected_identity.answer
    assert (told["is_protected"], told["real_name"], told["contact"]) == (True, REAL_NAME, CONTACT)
    trail = str(recorded(added))
    assert [words for words in (REAL_NAME, CONTACT, "protected") if words in trail] == []
    # A reveal shows what was stored encrypted, the contact included.
    asked = handler.get("reveals.reveal", event="nf27", reference=added.reference)
    answer = asked.submit({"reason": "The person has asked us to call."}, expect=200)
    for words in (REAL_NAME, CONTACT):
        assert words in answer.text


def test_the_contact_stays_until_the_person_is_no_longer_protected(handler, event):
    """The form on the person's own page is never filled in and does not ask for the contact, so the contact is kept."""
    added = added_by(ask(handler), {**FILLED, **SEALED})
    for real_name in ("Another Name", None, "\N{GRINNING FACE}" * 200):
        write(protection.record, added, is_protected=True, real_name=real_name, now=NOW)
        told = added.protected_identity.answer
        assert (told["is_protected"], told["real_name"], told["contact"]) == (True, real_name, CONTACT)
    write(protection.record, added, is_protected=False, real_name=None, now=NOW)
    assert "contact" not in added.protected_identity.answer


def test_a_contact_for_which_a_long_name_leaves_no_room_is_cut(handler, event):
    added = added_by(ask(handler), {**FILLED, "contact": "å" * 200})
    write(protection.record, added, is_protected=True, real_name="\N{GRINNING FACE}" * 200, now=NOW)
    assert len(added.protected_identity.answer["contact"]) > 20


def test_sent_twice_it_registers_one_person_and_a_full_sector_takes_nobody(handler, event):
    page = ask(handler)
    for _press in range(2):
        page.submit({**FILLED, **SEALED}, button="Register the person", expect=303)
    assert db.session.query(Registration).count() == 1
    added_by(ask(handler), FILLED)
    refused = ask(handler).submit({**FILLED, **SEALED}, button="Register the person", expect=409)
    assert "No place is free there. Nobody has been added." in refused.text
    assert CONTACT in str(refused.soup)
    assert db.session.query(Registration).count() == 2


def test_what_is_too_long_for_the_sealed_record_is_refused_and_the_longest_fits(handler, event):
    page = ask(handler)
    wide = {"real_name": "字" * 200, "contact": "字" * 200}
    refused = page.submit({**FILLED, **wide}, button="Register the person", expect=422)
    assert refused.errors == {"contact": "The real name and the contact are too long together"}
    narrow = {"real_name": "𝕏" * 100, "contact": "𝕏" * 100}
    assert added_by(page, {**FILLED, **narrow}).protected_identity.answer["contact"] == "𝕏" * 100


def test_organisers_cannot_tell_whom_a_handler_has_added(handler, organiser, event):
    protected = added_by(ask(handler), {**FILLED, **SEALED})
    form = organiser.get("attendee_additions.add", event="nf27")
    form.submit(FILLED, button="Add the person", follow=True)
    ordinary = db.session.query(Registration).order_by(Registration.id.desc()).first()
    pages = []
    for one in (protected, ordinary):
        shown = organiser.get("attendees.show", event="nf27", reference=one.reference).text
        for apart in (one.reference, "Previous person", "Next person"):
            shown = shown.replace(apart, "")
        pages.append(shown.split())
    assert pages[0] == pages[1]
    assert recorded(protected)[0][1] != recorded(ordinary)[0][1]
