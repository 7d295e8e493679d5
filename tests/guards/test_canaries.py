"""No text reaches anybody whom tests/guards/seen.py does not name: pages, files, feeds, mails, log lines, page cache."""

import gzip
import logging
import re

import pytest
from sqlalchemy import select

from forum.columns import digest
from forum.database import start_write
from forum.events.models import Event
from forum.extensions import db
from forum.outbox.models import OutboxMessage
from forum.registration import mails
from forum.registration.enums import Status
from forum.registration.models import Registration
from tests.factories.events import NOW
from tests.guards import seen
from tests.guards.addresses import readable
from tests.guards.test_access_matrix import csrf_token
from tests.guards.world import ELSEWHERE, HERE, PERSON, UNSEEN, VISITOR, World
from tests.registration.reading import read

SLUGS = (HERE, ELSEWHERE, UNSEEN)
WORDS = re.compile(r"zq\d+x")
FILE = {"purpose": "door", "recipient": "office"}
SECRET_COLUMNS = {
    "protected_identities.real_name",
    "care_answers.diet",
    "care_answers.access",
    "users.password_hash",
    "submissions.key",
    "submissions.fingerprint",
    "registration_tokens.digest",
    "sign_ins.digest",
    "one_time_links.digest",
    "recovery_codes.digest",
}


def found_in(world: World, text: str) -> set[str]:
    """The canaries in a text, as "column of event"; tokens and digests are looked for as they are."""
    words = {word for word in WORDS.findall(text) if word in world.canaries}
    whole = {key for key in world.canaries if not key.startswith("zq") and key in text}
    return words | whole


def answers(world: World, audience: str):
    """Everything that the audience can get: each page in both languages, the JSON and the CSV files."""
    browser = world.browsers[audience]
    for lang in ("en", "sv"):
        for address in readable(world, SLUGS, lang=lang):
            yield address.path, browser.get(address.path)
    yield "own data", browser.get("/en/r/own-data?format=json")
    if audience in world.held:
        token = csrf_token(browser)
        for slug in SLUGS:
            yield f"{slug}.csv", browser.post(f"/console/{slug}/attendees.csv", data={**FILE, "csrf_token": token})


def leaks(world: World, audience: str) -> set[str]:
    """What the audience got and may not see."""
    found = set()
    for path, answer in answers(world, audience):
        text = answer.get_data(as_text=True) + str([pair for pair in answer.headers if pair[0] != "Set-Cookie"])
        for word in found_in(world, text):
            if not seen.may_see(world, audience, canary := world.canaries[word]):
                found.add(f"{canary.column} of {canary.event or 'none'} in {path}")
        found |= {f"token of {owner} in {path}" for owner, token in world.tokens.items() if token in text and token not in path}
    return found


def test_nobody_gets_what_they_may_not_see(world, caplog):
    caplog.set_level(logging.DEBUG)
    leaked = {audience: found for audience in world.browsers if (found := leaks(world, audience))}
    assert leaked == {}
    log = "\n".join(record.getMessage() for record in caplog.records)
    assert (found_in(world, log) - set(world.references.values()), log.count('"path"') > 1000) == (set(), True)
    assert [owner for owner, token in world.tokens.items() if token in log] == []
    _check_page_cache(world)


def test_canaries_are_found_where_they_may_be(world):
    """The control: the same search does find what an organiser and a person may see."""
    organiser = {world.canaries[word].column for _p, answer in answers(world, "organiser of nf27") for word in found_in(world, answer.text)}
    person = {world.canaries[word].column for _p, answer in answers(world, PERSON) for word in found_in(world, answer.text)}
    visitor = {world.canaries[word].column for _p, answer in answers(world, VISITOR) for word in found_in(world, answer.text)}
    assert seen.ORGANISERS - organiser == set()
    assert seen.PERSONS_OWN - person == set()
    assert seen.PUBLIC - visitor == set()


def test_secret_columns_are_in_the_world_and_seen_by_nobody(world):
    columns = {canary.column for canary in world.canaries.values()}
    assert SECRET_COLUMNS - columns == set()
    assert SECRET_COLUMNS & (seen.PUBLIC | seen.ORGANISERS | seen.PERSONS_OWN | seen.OWN_ACCOUNT) == set()


def test_mails_hold_nothing_of_the_person_but_the_address(fresh_world):
    """Each kind of mail of a registration, for the protected person and the twin (P26): no name, no organisation."""
    with fresh_world.app.app_context():
        queue_every_mail(fresh_world)
        rows = db.session.scalars(select(OutboxMessage).where(OutboxMessage.subject.not_like("zq%")))
        checked = set()
        for row in rows:
            mail = read(row)
            owner = {fresh_world.canaries[word].column for word in found_in(fresh_world, mail.subject + mail.text + mail.html)}
            assert {column for column in owner if column not in seen.PUBLIC} <= {"registrations.reference"}, row.kind
            assert {name for name in seen.PUBLIC if name in owner} <= {"events.contact_email"}, row.kind
            checked.add(row.kind)
    assert len(checked) >= 9


def test_mails_of_protected_person_and_twin_are_the_same(fresh_world):
    """But for the calendar file, which a protected person does not get (P26)."""
    with fresh_world.app.app_context():
        queue_every_mail(fresh_world)
        told = {}
        for name in (PERSON, "twin"):
            person = _registration(fresh_world, name)
            rows = select(OutboxMessage).where(
                OutboxMessage.registration_id == person.id, OutboxMessage.subject.not_like("zq%")
            )
            found = [read(row) for row in db.session.scalars(rows.order_by(OutboxMessage.id))]
            told[name] = [
                (mail.row.kind, mail.subject, *(_without_own(text, person) for text in (mail.text, mail.html)))
                for mail in found
            ]
    assert told[PERSON] == told["twin"]
    assert len(told[PERSON]) >= 9


PLACES = ("", "attendees", "attendees?sort=-registered", "attendees?sector=ngo", "waiting", "attendees.csv", "mail")


@pytest.mark.parametrize("role", ["organiser of nf27", "protected_handler of nf27", "admin"])
def test_protected_person_is_like_the_twin(fresh_world, role):
    """Their own pages and rows are equal once what every registration has of its own is named alike (P21)."""
    browser = fresh_world.browsers[role]
    _make_alike(fresh_world)
    found = {}
    for name in (PERSON, "twin"):
        own = _own_words(fresh_world, name)
        pages = [f"registrations/{own[0]}", f"registrations/{own[0]}/cancel", *PLACES]
        texts = []
        for page in pages:
            answer = browser.get(f"/console/{HERE}/{page}")
            texts.append((answer.status_code, _rows_of(answer.text, own)))
        found[name] = texts
    assert found[PERSON] == found["twin"]
    is_shown = role != "protected_handler of nf27"
    assert any(rows for _status, rows in found["twin"][2:]) == is_shown


def test_a_difference_between_the_twins_is_seen(fresh_world):
    """The control: one word more in the one row, and the comparison sees it."""
    _make_alike(fresh_world)
    with fresh_world.app.app_context():
        start_write(db.session)
        _registration(fresh_world, PERSON).title = "Protected"
        db.session.commit()
    page = fresh_world.browsers["admin"].get(f"/console/{HERE}/attendees").text
    assert _rows_of(page, _own_words(fresh_world, PERSON)) != _rows_of(page, _own_words(fresh_world, "twin"))


def queue_every_mail(world: World) -> None:
    """Queue each kind of mail of a registration for the person and the twin."""
    start_write(db.session)
    for name in (PERSON, "twin"):
        person = _registration(world, name)
        person.offer_expires_at = person.confirm_by
        for queue in (
            mails.queue_received,
            mails.queue_already_registered,
            mails.queue_in_review,
            mails.queue_waiting,
            mails.queue_offered,
            mails.queue_offer_lapsed,
            mails.queue_confirmed,
            mails.queue_link,
        ):
            queue(person, now=NOW)
        mails.queue_cancelled(person, now=NOW, was=Status.CONFIRMED)
    db.session.commit()


def _check_page_cache(world: World) -> None:
    """What is kept for everybody holds nothing that a visitor may not see."""
    cache = world.app.extensions["page_cache"]
    bodies = [page.bodies[""] for page in cache._pages.values()]
    assert bodies
    for body in bodies:
        words = found_in(world, body.decode())
        assert {world.canaries[word].column for word in words if not seen.may_see(world, VISITOR, world.canaries[word])} == set()
    assert not any("/console" in key or "/r/" in key or "/account" in key for key in cache._pages)


def _registration(world: World, name: str) -> Registration:
    query = select(Registration).where(Registration.reference == world.references[name])
    return db.session.scalars(query).one()


def _make_alike(world: World) -> None:
    """Give both the same moments, answers and history, so that only the protection is left between them."""
    with world.app.app_context():
        start_write(db.session)
        person, twin = (_registration(world, name) for name in (PERSON, "twin"))
        for name in ("requested_at", "confirmed_at", "confirm_by"):
            setattr(twin, name, getattr(person, name))
        db.session.commit()


def _own_words(world: World, name: str) -> list[str]:
    with world.app.app_context():
        person = _registration(world, name)
        return [person.reference, *(getattr(person, column) for column in
                ("given_name", "family_name", "organisation", "title", "email", "phone"))]


def _without_own(text: str, person: Registration) -> str:
    text = re.sub(r"/r/(confirm/)?[A-Za-z0-9_-]{43}", "/r/TOKEN", text)
    return text.replace(person.reference, "REFERENCE").replace(person.email, "ADDRESS")
