"""The console's pages on which two registrations are merged, and the merge is undone (R30, P08, P11, P21, S13)."""

import re

import pytest
from sqlalchemy import func, select

from forum import clock
from forum.accounts.enums import Role
from forum.database import start_write
from forum.extensions import db
from forum.privacy import erasing, hanging
from forum.questions import queries as questions
from forum.questions.models import Answer
from forum.registration import actions, duplicates, protection, uniting
from forum.registration.enums import Status
from forum.registration.merge_models import RegistrationMerge
from forum.registration.models import Registration
from tests.factories.events import NOW, make_event, make_sector
from tests.factories.questions import make_question
from tests.factories.registrations import confirmed, write
from tests.factories.saving import save


@pytest.fixture
def app(make_app, database_url):
    return make_app(database_url)


@pytest.fixture
def event(database):
    clock.freeze(NOW)
    event = make_event(sectors=[make_sector("ngo", ceiling=9)])
    make_question(event, "arrival")
    return event


@pytest.fixture
def stays(event):
    return answering(named(event, title=""), "by train")


@pytest.fixture
def ends(event, stays):
    return answering(named(event, title="Head"), "by boat")


def answering(registration, words):
    (question,) = questions.list_all(registration.event_id)
    save(Answer(registration_id=registration.id, question_id=question.id, value=words))
    return registration


def named(event, **differing):
    return confirmed(
        event, "ngo", **{"given_name": "Kim", "family_name": "Holm", "organisation": "Alfa", **differing}
    )


def open_merge(organiser, one, other):
    return organiser.get(
        "attendee_merges.merge", event="nf27", reference=one.reference, other=other.reference
    )


def test_an_organiser_finds_compares_merges_and_undoes(organiser, event, stays, ends):
    person = organiser.get("attendees.show", event="nf27", reference=ends.reference)
    choice = person.follow("Merge with another registration")
    assert stays.reference in choice.text
    page = choice.follow("Kim Holm")
    checked = [box["value"] for box in page.soup.select("input[name=taken][checked]")]
    assert checked == ["title"]  # values that only the ended registration has are ticked at first
    for words in ("by train", "by boat", stays.email, ends.email, f"{stays.reference} stays"):
        assert words in page.text
    shown = page.submit({"taken": ["title", "q-arrival"]}, button="Merge the registrations", follow=True)
    assert shown.flashes == ["The registrations have been merged. This can be undone for a day."]
    assert (stays.title, ends.status) == ("Head", Status.CANCELLED)
    assert "by boat" in shown.text
    assert "Another registration of the person merged into this one" in shown.text
    gone = organiser.get("attendees.show", event="nf27", reference=ends.reference)
    assert f"Merged into registration {stays.reference}" in gone.text
    assert "Undo the cancellation" not in gone.links
    back = shown.follow("Undo the merge").submit(button="Undo the merge", follow=True)
    assert back.flashes == ["The merge has been undone. There are two registrations again."]
    assert (stays.title, ends.status) == ("", Status.CONFIRMED)
    nothing = organiser.get("attendee_merges.undo", event="nf27", reference=stays.reference)
    assert "can no longer be undone" in nothing.text


def test_undoing_a_merge_announces_a_message_only_for_a_registration_with_an_address(
    organiser, event, stays, ends
):
    open_merge(organiser, stays, ends).submit({}, button="Merge the registrations", follow=True)
    told = "A message with a new personal link is sent for the registration that comes back."
    none = "The registration that comes back has no e-mail address: no message is sent for it."
    page = organiser.get("attendee_merges.undo", event="nf27", reference=stays.reference)
    assert (told in page.text, none in page.text) == (True, False)
    write(setattr, ends, "email", "")
    page = organiser.get("attendee_merges.undo", event="nf27", reference=stays.reference)
    assert (told in page.text, none in page.text) == (False, True)


def test_the_second_organiser_sees_what_has_changed_and_merges_nothing(organiser, event, stays, ends):
    page = open_merge(organiser, stays, ends)
    start_write(db.session)
    ends.title = "Chair"
    db.session.commit()
    refused = page.submit({"taken": ["title"]}, button="Merge the registrations", expect=409)
    assert "Somebody else has changed one of these registrations" in refused.text
    assert "Chair" in refused.text
    assert (stays.title, ends.status) == ("", Status.CONFIRMED)
    refused.submit({"taken": ["title"]}, button="Merge the registrations", expect=303)
    assert (stays.title, ends.status) == ("Chair", Status.CANCELLED)


def test_what_has_ended_meanwhile_leads_back_and_other_events_are_not_found(
    organiser, event, stays, ends, archive
):
    page = open_merge(organiser, stays, ends)
    write(actions.cancel, ends, actor="person", now=NOW)
    back = page.submit(button="Merge the registrations", follow=True)
    assert back.h1 == "Merge with another registration"
    assert stays.status == Status.CONFIRMED
    elsewhere = f"/console/{archive.slug}/registrations/{stays.reference}/merge/{ends.reference}"
    organiser.get(elsewhere, expect=404)
    organiser.get(f"/console/nf27/registrations/{stays.reference}/merge/ZZZZ-ZZZZ", expect=404)


def test_those_who_look_alike_are_proposed_and_others_found_by_a_search(organiser, event, stays, ends):
    spelled = named(event, family_name="Holmm", organisation="ALFA")
    mailbox = named(event, given_name="K", organisation="Beta", email="kim.holm@example.org")
    other = named(event, given_name="Robin", organisation="Beta", email="kim.holm@example.com")
    stranger = named(event, given_name="Zoë", family_name="Lind")
    proposed = [one.id for one in duplicates.find_alike(stays)]
    assert sorted(proposed) == sorted([ends.id, spelled.id])
    assert [one.id for one in duplicates.find_alike(mailbox)] == [other.id]
    page = organiser.get("attendee_merges.choose", event="nf27", reference=stays.reference, other="Zoë")
    assert stranger.reference in page.text
    page = organiser.get(
        "attendee_merges.choose", event="nf27", reference=stays.reference, other=ends.reference
    )
    assert page.text.count(ends.reference) == 2
    nobody = organiser.get("attendee_merges.choose", event="nf27", reference=stays.reference, other="nobody")
    assert "No other registration that could be merged with this one has been found." in nobody.text


def test_colleagues_with_one_switchboard_number_are_not_proposed_as_one_person(event):
    number = "+46 8 762 05 00"
    one = named(event, phone=number)
    named(event, given_name="Zoë", family_name="Lind", phone=number)
    married = named(event, given_name="Kim", family_name="Berg", organisation="Beta", phone="08-762 05 00")
    misspelled = named(event, given_name="Kimm", family_name="Holmm", organisation="Beta", phone=number)
    named(event, given_name="Kim", family_name="Dahl", organisation="Beta", phone="08-762 05 01")
    proposed = [alike.id for alike in duplicates.find_alike(one)]
    assert sorted(proposed) == [married.id, misspelled.id]


@pytest.mark.parametrize(
    ("abroad", "at_home"),
    [("+46 8 762 05 00", "08-762 05 00"), ("+45 33 12 34 56", "33123456"), ("+354 555 1234", "555 1234")],
)
def test_a_telephone_number_is_the_same_with_and_without_its_country(event, abroad, at_home):
    one = named(event, phone=abroad)
    other = named(event, given_name="Kim", family_name="Berg", organisation="Beta", phone=at_home)
    named(event, given_name="Kim", family_name="Dahl", organisation="Beta", phone="")
    assert [alike.id for alike in duplicates.find_alike(one)] == [other.id]


def test_pages_and_the_merge_are_the_same_whether_somebody_is_protected(organiser, sign_in_as, event):
    told = []
    for protected in (False, True):
        one, other = named(event), named(event, title="Head")
        if protected:
            write(protection.record, other, is_protected=True, real_name="Canary Realname", now=NOW)
        page = open_merge(organiser, one, other)
        shown = page.submit(button="Merge the registrations", follow=True)
        told.append([plain(page, one, other), plain(shown, one, other)])
        assert one.protected_identity.answer["is_protected"] is protected
    assert told[0] == told[1]


def plain(page, *people) -> str:
    text = page.text
    for number, one in enumerate(people):
        text = text.replace(one.reference, str(number)).replace(one.email, str(number))
    return re.sub(r"\b(Previous|Next) person\b", "", text).split()


def test_own_data_and_erasing_know_both_registrations(event, stays, ends):
    write(uniting.unite, stays, ends, ("title",), actor="command", now=NOW)
    held = hanging.tell(stays)
    assert {row["reference"] for row in held["registrations"]} == {stays.reference, ends.reference}
    assert len(held["registration_merges"]) == 1
    assert held["registration_merges"][0]["before"]["values"] == {"title": ""}
    write(erasing.erase, stays, actor="command", now=NOW)
    assert db.session.scalar(select(func.count()).select_from(Registration)) == 0
    assert db.session.scalar(select(func.count()).select_from(RegistrationMerge)) == 0


def test_a_handler_alone_and_the_door_merge_nobody(sign_in_as, event, stays, ends):
    for role in (Role.PROTECTED_HANDLER, Role.DOOR):
        path = f"/console/nf27/registrations/{stays.reference}/merge"
        sign_in_as(role, event).get(path, expect=404)
