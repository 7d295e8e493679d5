"""When several forms are sent for one address, the form whose confirming link is pressed gives the answers."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from forum.database import start_write
from forum.extensions import db
from forum.questions import queries as questions
from forum.registration import actions, expiry, links, links_by_mail
from forum.registration.enums import ConsentPurpose, Status
from forum.registration.errors import SectorFull
from forum.registration.models import Submission
from tests.factories.events import NOW, make_event, make_sector
from tests.factories.mails import mark_all_sent
from tests.factories.questions import make_question
from tests.factories.registrations import SILENCED, confirmed, read_care, register, write
from tests.registration.reading import newest_mail, read_identity
from tools.pages import Pages

pytestmark = pytest.mark.usefixtures("database", "frozen")
LATER = NOW + timedelta(hours=1)
EMAIL = "asa@example.org"
OWN = {"given_name": "Kim", "organisation": "Ours", "is_protected": True, "real_name": "Verkliga Namnet"}
NAMED = {"family_name": "Ek", "organisation": "Ours"}


@pytest.fixture
def app(make_app, database_url):
    return make_app(database_url)


def register_twice(event, *sectors, **own):
    """Register an address as a stranger, then as its owner; return the registration and the token in each mail."""
    registration = register(event, sectors[0], email=EMAIL, given_name="Stranger")
    strangers = newest_mail(registration).token
    register(event, sectors[-1], email=EMAIL.upper(), now=LATER, **{**OWN, **own})
    return registration, strangers, newest_mail(registration).token


def press(token, now=LATER, **more):
    start_write(db.session)
    registration = links.follow(token, "confirm", now=now)
    actions.confirm(registration, links.find_submission(token, now=now), now=now, **more)
    db.session.commit()
    return registration


def sealed() -> list[int]:
    """Return the length of each form's encrypted answers in the database."""
    query = db.text("SELECT answers FROM submissions WHERE answers IS NOT NULL")
    return [len(bytes(value)) for value in db.session.scalars(query)]


def test_the_owners_link_confirms_the_owners_answers():
    event = make_event()
    registration, _strangers, owners = register_twice(event, "justice", "tech")
    assert (registration.given_name, registration.sector.key) == ("Stranger", "justice")
    press(owners, consents=frozenset({ConsentPurpose.PHOTOGRAPHS}))
    assert (registration.given_name, registration.organisation, registration.sector.key) == (
        "Kim",
        "Ours",
        "tech",
    )
    assert "kim" in registration.search_text
    assert read_identity(registration) == (True, "Verkliga Namnet")
    assert [consent.purpose for consent in registration.consents] == ["photographs"]
    taken = {sector.key: sector.taken for sector in event.sectors if sector.taken}
    assert (registration.status, taken, event.taken) == (Status.CONFIRMED, {"tech": 1}, 1)


def test_the_first_link_confirms_the_first_answers_when_it_is_the_one_that_is_pressed():
    registration, first, _second = register_twice(make_event(), "justice", "tech")
    press(first)
    assert (registration.given_name, registration.sector.key) == ("Stranger", "justice")
    assert (read_identity(registration), registration.consents) == ((False, None), [])


@pytest.mark.parametrize("lacking", ["phone", "title", "is_protected", "real_name", "sector"])
def test_a_link_that_was_mailed_before_a_question_came_into_being_confirms(lacking):
    """Confirming an earlier form keeps stored answers to questions that it did not ask, for instance on protection."""
    event = make_event()
    registration = register(event, "justice", email=EMAIL, phone="+46 8 123 45 67", **OWN)
    token = newest_mail(registration).token
    start_write(db.session)
    submission = db.session.scalars(select(Submission)).one()
    submission.answers = {name: told for name, told in submission.answers.items() if name != lacking}
    db.session.commit()
    press(token)
    assert (registration.status, registration.phone) == (Status.CONFIRMED, "+46 8 123 45 67")
    assert read_identity(registration) == (True, "Verkliga Namnet")


def test_mail_that_confirms_a_form_is_in_the_language_of_that_form():
    """A stranger who sends a form for the address first does not choose the language of the owner's mails and pages."""
    event = make_event()
    registration = register(event, "justice", email=EMAIL, language="sv")
    register(event, "tech", email=EMAIL, language="en", now=LATER)
    assert "/sv/r/confirm/" in newest_mail(registration, "received").address
    owners = newest_mail(registration, "already-registered")
    assert "/en/r/confirm/" in owners.address
    assert "Somebody, perhaps you" in owners.text
    write(links_by_mail.send_fresh_link, event, EMAIL, now=LATER)
    assert "/en/r/confirm/" in newest_mail(registration, "link-to-confirm").address
    press(owners.token)
    register(event, email=EMAIL, language="sv")
    assert "/en/r/" in newest_mail(registration, "already-registered").address


@pytest.mark.parametrize("asked_by", ["the owner", "an organiser"])
def test_a_link_that_is_sent_again_carries_the_answers_that_were_sent_last(asked_by):
    """A new mail carries the answers of the last form whose mail was not withheld; earlier mails keep their own."""
    event = make_event()
    registration, _strangers, _owners = register_twice(event, "justice", "tech")
    register(event, email=EMAIL, now=LATER, given_name="Withheld", sender=SILENCED)
    if asked_by == "the owner":
        write(links_by_mail.send_fresh_link, event, EMAIL, now=LATER)
    else:
        write(actions.resend, registration, actor="user:7", now=LATER)
    press(newest_mail(registration, "link-to-confirm" if asked_by == "the owner" else "received").token)
    assert (registration.given_name, registration.sector.key) == ("Kim", "tech")


def test_answers_of_a_form_whose_message_was_withheld_come_with_the_link_that_is_asked_for():
    event = make_event()
    make_question(event, "arrival")
    make_question(event, "diet", care=True)
    told = {"arrival": "By train", "diet": "vegan"}
    registration = register(event, "justice", email=EMAIL, sender=SILENCED, given=told)
    register(event, "justice", email=EMAIL, sender=SILENCED, given={"arrival": "On foot"})
    write(links_by_mail.send_fresh_link, event, EMAIL, now=LATER)
    press(newest_mail(registration, "link-to-confirm").token)
    assert [*questions.list_answers(registration.id).values()] == ["By train"]
    assert read_care(registration) == {"diet": "vegan"}
    kept = db.session.scalars(select(Submission).where(Submission.given.is_not(None))).all()
    assert kept == []


def test_answers_are_sealed_at_one_length_and_forgotten_once_one_link_is_pressed():
    register_twice(make_event(), "justice", real_name=None)
    (one, other) = sealed()
    assert one == other > 4096
    press(newest_mail(db.session.scalars(select(Submission)).first().registration).token)
    assert sealed() == []


def test_without_the_key_nobody_can_tell_who_is_protected_or_how_long_a_real_name_is():
    event = make_event()
    register(event)
    for name in (None, "Å", "👩" * 200):
        register(event, is_protected=True, real_name=name)
    for table in ("protected_identities", "care_answers"):
        found = db.session.execute(db.text(f"SELECT * FROM {table}"))  # noqa: S608
        assert set(found.keys()) == {"registration_id", "answer"}
        rows = [(row.registration_id, row.answer) for row in found]
        assert len({len(bytes(answer)) for _id, answer in rows}) == 1
        assert len({bytes(answer) for _id, answer in rows}) == len(rows) == 4


@pytest.mark.parametrize("end", ["expire", "cancel", "confirmed before"])
def test_answers_are_not_kept_where_no_link_can_confirm_them(end):
    event = make_event()
    if end == "confirmed before":
        confirmed(event, email=EMAIL)
    registration, *_ = register_twice(event, "justice")
    if end == "expire":
        mark_all_sent()
        write(expiry.expire_due, now=registration.confirm_by)
    elif end == "cancel":
        write(actions.cancel, registration, actor="user:7", now=LATER)
    assert sealed() == []


def test_a_place_in_another_sector_goes_back_to_who_waits_for_it():
    event = make_event(sectors=[make_sector("justice", ceiling=1), make_sector("tech", ceiling=1)])
    registration, _strangers, owners = register_twice(event, "justice", "tech")
    waiting = confirmed(event, "justice", now=NOW + timedelta(minutes=2))
    press(owners)
    assert (registration.status, waiting.status, event.taken) == (Status.CONFIRMED, Status.OFFERED, 2)


def test_who_asks_for_a_full_sector_waits_from_the_moment_of_that_form():
    event = make_event(sectors=[make_sector("justice"), make_sector("tech", ceiling=1)])
    confirmed(event, "tech")
    registration, _strangers, owners = register_twice(event, "justice", "tech")
    press(owners)
    assert (registration.status, registration.waiting_since, event.taken) == (Status.WAITING, LATER, 1)


def test_a_full_sector_without_a_waiting_list_changes_nothing():
    sectors = [make_sector("justice"), make_sector("tech", ceiling=1)]
    event = make_event(has_waiting_list=False, sectors=sectors)
    registration, strangers, owners = register_twice(event, "justice", "tech")
    confirmed(event, "tech")
    with pytest.raises(SectorFull):
        press(owners)
    db.session.rollback()
    assert (registration.status, registration.given_name, event.taken) == (Status.PENDING, "Stranger", 2)
    assert press(strangers).status == Status.CONFIRMED


def test_the_confirming_page_is_the_same_whatever_was_said_about_what_is_kept_apart(app):
    """Whoever opens the link learns neither a protected identity nor food and access, nor that nothing was said."""
    event = make_event(participant_list="public")
    make_question(event, "diet", care=True)
    silent, twin = (
        register(event, email=f"{name}@example.org", given_name="Kim", **NAMED, **told)
        for name, told in (
            ("silent", {"given": {}}),
            ("twin", {"is_protected": True, "real_name": "Verkliga Namnet", "given": {"diet": "Nuts"}}),
        )
    )
    first, second = (_main_text(app, registration) for registration in (silent, twin))
    assert first == second.replace("twin@", "silent@")
    assert [
        word for word in ("Verkliga", "Nuts", "Question diet", "I have a protected") if word in second
    ] == []
    assert "What was said about food, access and a protected identity is not shown here" in second


def _main_text(app, registration):
    page = Pages(app).get("self_service.confirm", token=newest_mail(registration).token)
    return page.soup.select_one("main").get_text(" ", strip=True).replace(registration.reference, "REFERENCE")


def test_the_confirming_page_names_food_and_access_only_where_the_form_asks_about_them(app):
    registration = register(make_event(), email=EMAIL, is_protected=True)
    page = Pages(app).get("self_service.confirm", token=newest_mail(registration).token)
    assert "What was said about a protected identity is not shown here" in page.text
    assert "food" not in page.soup.select_one("main").text


def test_the_confirming_page_shows_its_own_answers_and_asks_for_the_consents(app):
    registration, strangers, owners = register_twice(make_event(participant_list="public"), "justice", "tech")
    first, second = (Pages(app).get("self_service.confirm", token=token) for token in (strangers, owners))
    told = [dict(zip(page.all("dt"), page.all("dd"), strict=True)) for page in (first, second)]
    assert [told[1][name] for name in ("Given name", "Sector")] == ["Kim", "IT and telecom"]
    assert [told[0][name] for name in ("Given name", "Sector")] == ["Stranger", "Justice"]
    assert ["held for you" in page.text for page in (first, second)] == [True, False]
    assert second.soup.select("input[type=checkbox][checked]") == []
    assert second.submit({"participant_list": "name"}, follow=True).h1 == "You have a place"
    assert [consent.purpose for consent in registration.consents] == ["participant_list"]
    assert first.submit(expect=200).h1 == "Your address is already confirmed"
