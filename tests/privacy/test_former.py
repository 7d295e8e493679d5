"""Ended registrations of the same confirmed address belong to own data, and are erased with the person (P08, P11)."""

from datetime import timedelta

import pytest

from forum.accounts.enums import Role
from forum.database import start_write
from forum.delegations.asking import Person
from forum.delegations.models import Delegation
from forum.extensions import db
from forum.invitations import answering
from forum.invitations.enums import InvitationState
from forum.invitations.models import Invitation
from forum.outbox.models import OutboxMessage
from forum.people import notes
from forum.privacy import actions as requests
from forum.privacy import erasing, hanging, own_data_links, restricting, telling
from forum.questions.enums import FileType, QuestionKind
from forum.questions.models import Answer, AnswerFile
from forum.registration import actions, new_address, owners, separating, tombstones, uniting
from forum.registration.enums import RestrictionKind, RestrictionState
from forum.registration.models import Registration
from forum.registration.tombstone_models import Tombstone
from tests.delegations.test_delegations import CONTACT, registered
from tests.factories.events import NOW, make_event, make_sector
from tests.factories.mails import mark_all_sent
from tests.factories.questions import make_question
from tests.factories.registrations import confirmed, make_applicant, register, write
from tests.factories.saving import save
from tests.invitations.test_invitations import invite
from tests.registration.filling import link_in, mails
from tests.registration.reading import newest_mail, read

pytestmark = pytest.mark.usefixtures("frozen")
OFFICE = "office@example.org"
KIM = "kim@example.org"


@pytest.fixture
def event(database):
    return make_event(capacity=9, sectors=[make_sector("justice", ceiling=9)])


def cancelled(event, name, **differing):
    somebody = confirmed(event, given_name=name, **{"email": OFFICE, **differing})
    write(actions.cancel, somebody, actor="person", now=NOW)
    return somebody


def names() -> list[str]:
    return sorted(db.session.scalars(db.select(Registration.given_name)))


def test_erasing_a_person_erases_earlier_registrations_of_the_address_as_the_organiser_reads(
    event, sign_in_as
):
    ended = cancelled(event, "Zqone", family_name="Ek", is_protected=True, real_name="Hemliga Namnet")
    write(requests.ask, ended, now=NOW)
    other = cancelled(event, "Other", email="other@example.org")
    person = confirmed(event, given_name="Zqtwo", family_name="Ek", email=OFFICE)

    told = hanging.tell(person)

    assert [row["given_name"] for row in told["registrations"]] == ["Zqtwo", "Zqone"]
    assert "Hemliga" not in str(told)
    # What an earlier registration says about protected identity is hidden, be it yes or no, from others who share the
    # mailbox (P21).
    assert ["not_shown" in row["answer"] for row in told["protected_identities"]] == [False, True]
    write(requests.ask, person, now=NOW)
    organiser = sign_in_as(Role.ORGANISER, event)
    page = organiser.get("erasure_requests.index", event="nf27")
    page = organiser.get(page.links["Erase Zqtwo Ek"])
    assert "An ended registration with the same address is erased, too: Zqone Ek, Cancelled." in page.text
    page = page.submit(follow=True)
    # The erasure request of the ended registration is answered, too.
    assert "Nobody waits for an answer." in page.text
    db.session.expire_all()
    assert names() == [other.given_name]
    # With PostgreSQL a machine without a tombstone file writes none: the worker notes erasures in its own file.
    assert len(tombstones.read_file()[0]) == (2 if db.engine.dialect.name == "sqlite" else 0)
    (last,) = mails(db.session, "erased")
    assert "stays" not in read(last).text


def test_the_page_names_whom_a_merge_joined_and_asks_again_when_one_has_come(event, sign_in_as):
    """The organiser has to read who was merged: a person merged by mistake has not asked to be erased."""
    person, other = (confirmed(event, given_name=name, family_name="Ek") for name in ("Zqone", "Bea"))
    write(requests.ask, person, now=NOW)
    organiser = sign_in_as(Role.ORGANISER, event)
    page = organiser.get("erasure_requests.index", event="nf27")
    page = organiser.get(page.links["Erase Zqone Ek"])
    assert "Bea" not in page.text
    write(uniting.unite, db.session.merge(person), db.session.merge(other), (), actor="user:2", now=NOW)

    page = page.submit(expect=409)

    assert "Bea Ek is erased, too, because the registrations are merged." in page.text
    assert names() == ["Bea", "Zqone"]
    page.submit()
    db.session.expire_all()
    assert names() == []


def test_an_address_that_somebody_else_is_registered_with_gives_no_ended_registrations_away(
    event, sign_in_as
):
    """Other people who share the mailbox stay, and so do ended registrations with it: nobody knows whose these are."""
    first, second = cancelled(event, "First", family_name="Ek"), cancelled(event, "Second")
    living = confirmed(event, given_name="Living", family_name="Berg", email=OFFICE)
    assert (owners.list_former(first), owners.list_former(living)) == ([], [first, second])
    write(requests.ask, first, now=NOW)
    organiser = sign_in_as(Role.ORGANISER, event)
    page = organiser.get("erasure_requests.index", event="nf27")
    page = organiser.get(page.links["Erase First Ek"])
    assert "Living Berg is registered with the same address and stays." in page.text
    page.submit(follow=True)
    db.session.expire_all()
    assert names() == ["Living", "Second"]
    (last,) = mails(db.session, "erased")
    assert "Another registration with this address stays, and so do invitations" in read(last).text


def test_only_registrations_that_certainly_have_the_address_are_the_persons(event):
    person = confirmed(event, given_name="Zq", email="zq@example.org")
    ended, unsure = (
        cancelled(event, "Ended", email="a@example.org"),
        cancelled(event, "U", email="u@example.org"),
    )
    stays, merged = confirmed(event, email="stays@example.org"), confirmed(event, email="merged@example.org")
    # The second registration is merged into one with another address, and so belongs to the owner of that address.
    write(uniting.unite, stays, merged, (), actor="command", now=NOW)
    start_write(db.session)
    for one in (ended, merged, unsure):
        one.email, one.email_canonical = person.email, person.email_canonical
    unsure.confirmed_at = None
    db.session.commit()
    assert owners.list_former(person) == [ended]
    # A merge with an unconfirmed registration has given the person this address, which the person never confirmed.
    start_write(db.session)
    person.sealed_for = "0" * 64
    db.session.commit()
    assert owners.list_former(person) == []
    assert owners.list_former(register(event, email="nobody@example.org")) == []


def test_what_hangs_on_an_address_alone_stays_with_whoever_is_registered_with_it(event):
    """A row with only an address, such as a delegation, is neither shown nor erased with an ended registration."""
    first = cancelled(event, "First", email=CONTACT.email)
    confirmed(event, given_name="Living", email=CONTACT.email)
    registered(event, [Person("Bo", "Ek", ""), Person("Cia", "Dahl", "")], sector="justice")
    assert "delegations" not in hanging.tell(first)
    write(erasing.erase, first, actor="command", now=NOW)
    assert db.session.query(Delegation).count() == 1
    assert db.session.scalars(db.select(Tombstone.address)).all() == [None]


def test_an_ended_registration_whose_address_organisers_chose_is_not_its_owners(event):
    person, ended = (
        confirmed(event, given_name="Zq", email=OFFICE),
        cancelled(event, "E", email="a@example.org"),
    )
    start_write(db.session)
    ended.email, ended.email_canonical, ended.sealed_for = person.email, person.email_canonical, "0" * 64
    db.session.commit()
    assert owners.list_former(person) == []


def test_an_ended_registration_under_restriction_stays_and_the_organiser_reads_so(event, sign_in_as):
    """A restricted registration may be kept for a court, though somebody else uses the mailbox now (Art. 18)."""
    restricted_and_cancelled(event, given_name="First", family_name="Ek", email=OFFICE)
    second = confirmed(event, given_name="Second", family_name="Ek", email=OFFICE)
    page = erasure_page(sign_in_as(Role.ORGANISER, event), event, second)
    assert (
        "An ended registration with the same address stays, because a restriction of it applies or is requested:"
        " First Ek, Cancelled." in page.text
    )
    assert f"Invitations, delegations and the like in which others have written {OFFICE} stay" in page.text
    page.submit(follow=True)
    db.session.expire_all()
    assert names() == ["First"]
    # The accepted invitation of the restricted person stays. The tombstone has no address, so that the invitation also
    # stays when the erasure is repeated in a restored backup.
    assert db.session.scalars(db.select(Invitation.state)).all() == [InvitationState.YES]
    assert db.session.scalars(db.select(Tombstone.address)).all() == [None]
    (last,) = mails(db.session, "erased")
    assert "Another registration with this address stays, and so do invitations" in read(last).text


@pytest.mark.parametrize("is_restricted", [False, True])
def test_only_a_registration_with_the_very_address_is_said_to_stay(event, sign_in_as, is_restricted):
    """After a merge nobody learns that somebody is registered with the other address (S24)."""
    if is_restricted:
        restricted_and_cancelled(event, given_name="Other", email="b@example.org")
    kept = confirmed(event, given_name="A", family_name="Ek", email="a@example.org")
    other = confirmed(event, given_name="B", email="b@example.org")
    write(uniting.unite, kept, other, (), actor="command", now=NOW)
    if not is_restricted:
        confirmed(event, given_name="Other", family_name="Berg", email="b@example.org")
    page = erasure_page(sign_in_as(Role.ORGANISER, event), event, db.session.merge(kept))
    assert ("Other" in page.text) == is_restricted
    assert "in which others have written b@example.org stay" in page.text
    page.submit(follow=True)
    db.session.expire_all()
    assert names() == ["Other"]
    (last,) = mails(db.session, "erased")
    assert "stays" not in read(last).text


def test_the_press_erases_whom_the_page_has_named_or_asks_again(event, sign_in_as):
    """Between the page and the press, a registration that stays may be cancelled, or another ended one appear (R30)."""
    first = cancelled(event, "First", family_name="Ek")
    living = confirmed(event, given_name="Living", family_name="Berg", email=OFFICE)
    page = erasure_page(sign_in_as(Role.ORGANISER, event), event, first)
    assert "Living Berg is registered with the same address and stays." in page.text
    write(actions.cancel, db.session.merge(living), actor="person", now=NOW)
    page = page.submit(expect=409)
    assert "Read whom this erases now." in page.text
    assert "An ended registration with the same address is erased, too: Living Berg, Cancelled." in page.text
    db.session.expire_all()
    assert names() == ["First", "Living"]
    page.submit(follow=True)
    db.session.expire_all()
    assert names() == []


def test_free_words_of_an_ended_registration_are_not_told_to_whoever_shares_the_mailbox(event):
    """The person's words to the organisers, and the organisers' notes, may reveal who is protected (P21)."""
    first = confirmed(event, given_name="First", email=OFFICE)
    request = write(restricting.ask, first, RestrictionKind.OBJECTION, "Zqsecret", now=NOW)
    write(restricting.decline, request, "Zqsecret", actor="command", now=NOW)
    write(notes.add_note, first, "Zqsecret", actor="command", now=NOW)
    start_write(db.session)
    db.session.merge(first).decline_words = "Zqsecret"
    db.session.commit()
    asked = write(requests.ask, first, now=NOW)
    write(requests.refuse, asked, "Zqsecret", actor="command", now=NOW)
    assert str(hanging.tell(first)).count("Zqsecret") == 5
    write(actions.cancel, first, actor="person", now=NOW)
    second = confirmed(event, given_name="Second", email=OFFICE)
    told = hanging.tell(second)
    assert "Zqsecret" not in str(told)
    assert told["restriction_requests"][0]["words"] == told["registration_notes"][0]["text"] == hanging.CLOSED
    parts = telling.list_parts(told, second)
    assert "Not shown here" in str(parts)


def test_files_and_other_addresses_of_an_ended_registration_are_not_told(event, pages):
    """People who share the mailbox must not learn where a protected person lives (P20), nor read a file."""
    first = confirmed(event, given_name="First", email="Zqsecret@example.org")
    cv = make_question(event, "cv", QuestionKind.FILE)
    value = {"key": "b" * 32, "name": "zqsecret.pdf", "size": 4}
    save(Answer(registration_id=first.id, question_id=cv.id, value=value))
    stored = {"file_type": FileType.PDF, "content": b"%PDF", "size": 4, "received_at": NOW}
    save(AnswerFile(key=value["key"], registration_id=first.id, question_id=cv.id, **stored))
    mark_all_sent()
    db.session.commit()
    write(new_address.ask, first, OFFICE, actor="person", now=NOW)
    write(new_address.confirm, newest_mail(first, "new-address").token, now=NOW)
    merged = confirmed(event, given_name="Merged", email="Zqsecret@example.com")
    write(notes.set_tags, merged, ["Zqsecret"], actor="command", now=NOW)
    write(uniting.unite, db.session.merge(first), db.session.merge(merged), (), actor="command", now=NOW)
    write(actions.cancel, db.session.merge(first), actor="person", now=NOW)
    second = confirmed(event, given_name="Second", email=OFFICE)
    told = hanging.tell(second)
    assert "zqsecret" not in str(told).lower()
    assert [row["email"] for row in told["registrations"]] == [OFFICE, OFFICE, hanging.CLOSED]
    assert {mail["recipient"] for mail in told["outbox_messages"]} == {OFFICE}
    assert told["answers"][0]["value"] == hanging.CLOSED
    assert "Not shown here" in str(telling.list_parts(told, second))
    write(own_data_links.send, second, now=NOW)
    page = pages.get(link_in(mails(db.session, "own-data")[0])).submit(follow=True)
    assert "without their files and other addresses" in page.text
    pages.get("own_everything.file", file_key=value["key"], expect=404)


def test_words_of_an_invitation_that_an_ended_registration_answered_are_not_told(event):
    """Words of an invitation and its refusal are not shown: anybody with the link may have written the refusal."""
    accepted = invite(event, "justice", email=OFFICE, words="Zqsecret")
    first = write(answering.accept, accepted, make_applicant(given_name="First", email=OFFICE), now=NOW)
    assert "Zqsecret" in str(hanging.tell(first))
    write(actions.cancel, first, actor="person", now=NOW)
    write(answering.decline, invite(event, "justice", email=OFFICE), reason="Zqsecret", now=NOW)
    told = hanging.tell(confirmed(event, given_name="Second", email=OFFICE))
    assert "Zqsecret" not in str(told)
    assert [row["state"] for row in told["invitations"]] == ["no", "yes"]


def test_mails_to_an_address_that_a_merge_gave_go_with_its_owner_once_it_is_undone(event):
    kept = confirmed(event, given_name="A", email="a@example.org")
    other = confirmed(event, given_name="B", email="b@example.org")
    write(uniting.unite, kept, other, ("email",), actor="command", now=NOW)
    asked = write(requests.ask, db.session.merge(kept), now=NOW)
    write(requests.refuse, asked, "no", actor="command", now=NOW)
    write(separating.separate_last, db.session.merge(kept), actor="command", now=NOW)
    assert "b@example.org" not in str(hanging.tell(db.session.merge(kept)))
    assert "erasure-refused" in str(hanging.tell(db.session.merge(other))["outbox_messages"])
    write(erasing.erase, db.session.merge(other), actor="command", now=NOW)
    left = db.select(OutboxMessage.kind).where(OutboxMessage.recipient == "b@example.org")
    assert db.session.scalars(left).all() == [erasing.LAST_MAIL]


def erasure_page(organiser, event, person):
    """Let the person ask for erasure; return the page that asks the organiser before it is carried out."""
    write(requests.ask, person, now=NOW)
    page = organiser.get("erasure_requests.index", event=event.slug)
    return organiser.get(page.links[f"Erase {person.given_name} Ek"])


def restricted_and_cancelled(event, **differing):
    """Let somebody accept an invitation, ask for a restriction, and cancel."""
    invitation = invite(event, "justice", email=differing["email"])
    person = write(answering.accept, invitation, make_applicant(**differing), now=NOW)
    write(restricting.ask, person, RestrictionKind.RESTRICTION, "needed in court", now=NOW)
    write(actions.cancel, person, actor="person", now=NOW)


@pytest.mark.parametrize("has_moved", [True, False], ids=["another address", "merged"])
def test_an_invitation_that_another_registration_has_answered_stays_with_it(event, has_moved):
    """The invitation went to an address that the erased person has now, but another registration has answered it."""
    other = confirmed(event, given_name="Other")
    first = write(answering.accept, invite(event, email=KIM), make_applicant(email=KIM), now=NOW)
    if has_moved:
        mark_all_sent()
        write(new_address.ask, first, "home@example.org", actor="person", now=NOW)
        write(new_address.confirm, newest_mail(db.session.merge(first), "new-address").token, now=NOW)
    else:
        write(uniting.unite, other, first, (), actor="command", now=NOW)
    second = confirmed(event, given_name="Second", email=KIM)
    write(erasing.erase, second, actor="command", now=NOW)
    assert db.session.query(Invitation).count() == 1


def test_mails_to_an_address_that_was_exchanged_in_a_merge_go_with_the_address(event):
    kept, ended = (confirmed(event, given_name=name, email=f"{name}@example.org") for name in "ab")
    write(uniting.unite, kept, ended, ("email",), actor="command", now=NOW)
    mark_all_sent()
    write(separating.separate_last, kept, actor="command", now=NOW)
    write(erasing.erase, kept, actor="command", now=NOW)
    left = db.select(OutboxMessage.kind).where(OutboxMessage.recipient == "a@example.org")
    assert db.session.scalars(left).all() == ["erased"]


def test_a_restriction_whose_end_went_to_another_address_is_not_lifted(event):
    """A restriction ends only once its own person has been told.

    Undoing a merge gives the mail about the end to the other person, so the restriction stays.
    """
    kept, ended = (confirmed(event, given_name=name, email=f"{name}@example.org") for name in "ab")
    write(uniting.unite, kept, ended, ("email",), actor="command", now=NOW)
    request = write(restricting.ask, kept, RestrictionKind.RESTRICTION, "court", now=NOW)
    write(restricting.grant, request, actor="command", now=NOW)
    write(restricting.announce_lifting, request, "over", actor="command", now=NOW)
    write(separating.separate_last, kept, actor="command", now=NOW)
    later = NOW + timedelta(days=9)
    assert [write(restricting.lift, number, now=later) for number in restricting.list_ending(now=later)] == [
        0
    ]
    db.session.refresh(request)
    assert request.state == RestrictionState.GRANTED


def test_everything_is_said_to_be_erased_only_when_nothing_stays(event, sign_in_as):
    """Rows with the address of a merged registration stay with another registered person who has that address."""
    person, joined = (
        confirmed(event, given_name=name, family_name="Ek", email=f"{name}@example.org") for name in "ab"
    )
    write(uniting.unite, person, joined, (), actor="command", now=NOW)
    page = erasure_page(sign_in_as(Role.ORGANISER, event), event, db.session.merge(person))
    confirmed(event, given_name="Living", email="b@example.org")
    page.submit(expect=409).submit()
    (last,) = mails(db.session, "erased")
    assert "everything that we held" not in read(last).text
    assert "stays" not in read(last).text
