"""A personal link has one purpose and one registration, is stored as a digest, expires and is revocable (S18–S20)."""

import re
from datetime import timedelta
from threading import Thread

import pytest
from sqlalchemy import inspect, text

from forum import clock
from forum.columns import digest
from forum.database import start_write
from forum.events.queries import find_event
from forum.extensions import db
from forum.registration import actions, expiry, links, links_by_mail, places
from forum.registration.enums import ConsentPurpose, TokenPurpose
from forum.registration.errors import LinkRefused
from forum.registration.models import Registration, RegistrationToken
from tests.factories.events import NOW, make_event, make_sector
from tests.factories.registrations import confirmed, register, write
from tests.faults.races import open_page
from tests.registration.reading import newest_mail

pytestmark = pytest.mark.usefixtures("database")
CONFIRM, MANAGE = TokenPurpose.CONFIRM, TokenPurpose.MANAGE


@pytest.fixture
def app(make_app, database_url):
    return make_app(database_url)


@pytest.fixture
def at_noon():
    clock.freeze(NOW)
    yield
    clock.freeze(None)


def issue(registration, purpose=MANAGE, now=NOW) -> str:
    return write(links.issue, registration, purpose, now=now)


def refused(token, purpose=MANAGE, now=NOW) -> bool:
    try:
        links.follow(token, purpose, now=now)
    except LinkRefused:
        return True
    return False


def dump() -> bytes:
    """Return every value of every table as stored in the database, not converted by the column types."""
    found = []
    with db.engine.connect() as connection:
        for table in inspect(connection).get_table_names():
            for row in connection.execute(text(f'SELECT * FROM "{table}"')):  # noqa: S608 - names from the schema
                found += [bytes(value) if isinstance(value, memoryview) else value for value in row]
    return b"\x00".join(value if isinstance(value, bytes) else str(value).encode() for value in found)


def test_a_link_leads_to_its_registration_and_to_no_other():
    event = make_event()
    one, other = register(event), register(event)
    tokens = {registration.id: issue(registration) for registration in (one, other)}
    assert {links.follow(token, MANAGE, now=NOW).id: token for token in tokens.values()} == tokens


def test_a_token_is_256_random_bits():
    registration = register(make_event())
    tokens = {issue(registration) for _ in range(20)}
    assert len(tokens) == 20
    assert all(re.fullmatch(r"[A-Za-z0-9_-]{43}", token) for token in tokens)


def test_the_database_keeps_digests_only():
    token = issue(register(make_event()))
    stored = db.session.scalars(db.select(RegistrationToken.digest)).all()
    assert digest(token) in stored
    assert all(re.fullmatch(r"[0-9a-f]{64}", found) for found in stored)


def test_no_table_holds_a_token_nor_a_real_name_after_every_mail_was_queued():
    event = make_event(sectors=[make_sector("justice", ceiling=1)])
    holder, waiting = confirmed(event, is_protected=True, real_name="Verkliga Namnet"), confirmed(event)
    register(event, email=holder.email)
    mails = [newest_mail(holder, kind) for kind in ("received", "confirmed", "already-registered")]
    write(actions.cancel, holder, actor="person", now=NOW)
    mails += [newest_mail(waiting, kind) for kind in ("received-without-place", "waiting", "offered")]
    tokens = [mail.token for mail in mails]
    everything = dump()
    assert [len(token) for token in tokens] == [43] * 6
    assert holder.reference.encode() in everything
    assert digest(tokens[0]).encode() in everything
    hidden = [*tokens, "Verkliga", "/r/", "Confirm your address\r\n"]
    assert [value for value in hidden if value.encode() in everything] == []


def test_each_purpose_opens_its_own_door_only():
    registration = register(make_event())
    manage, confirm = issue(registration, MANAGE), issue(registration, CONFIRM)
    assert [refused(manage, CONFIRM), refused(confirm, MANAGE)] == [True, True]
    assert [refused(manage, MANAGE), refused(confirm, CONFIRM)] == [False, False]


@pytest.mark.parametrize("token", ["", "x" * 43, "å" * 43, "\ud800", "a" * 10_000, "' OR 1=1 --", "%00"])
def test_what_was_never_issued_is_refused(token):
    issue(register(make_event()))
    assert refused(token)


def test_a_digest_is_no_token():
    token = issue(register(make_event()))
    assert refused(digest(token))


def test_a_confirming_link_ends_after_48_hours_on_the_second():
    token = issue(register(make_event()), CONFIRM)
    end = NOW + timedelta(hours=48)
    assert not refused(token, CONFIRM, now=end - timedelta(seconds=1))
    assert refused(token, CONFIRM, now=end)


def test_a_managing_link_ends_thirty_days_after_the_event():
    event = make_event()
    token, end = issue(register(event)), event.ends_at + timedelta(days=30)
    assert not refused(token, now=end - timedelta(seconds=1))
    assert refused(token, now=end)


def test_revoking_ends_every_link_of_one_registration():
    event = make_event()
    one, other = register(event), register(event)
    mine, theirs = [issue(one), issue(one, CONFIRM)], issue(other)
    write(links.revoke, one, now=NOW)
    assert [refused(mine[0]), refused(mine[1], CONFIRM), refused(theirs)] == [True, True, False]


def test_revoking_again_keeps_the_first_moment():
    registration = register(make_event())
    for hours in (1, 2):
        write(links.revoke, registration, now=NOW + timedelta(hours=hours))
    (link,) = db.session.scalars(db.select(RegistrationToken)).all()
    assert link.revoked_at == NOW + timedelta(hours=1)


def test_cancelling_ends_the_links_that_were_mailed():
    registration = confirmed(make_event())
    token = newest_mail(registration, "confirmed").token
    write(actions.cancel, registration, actor="person", now=NOW)
    assert refused(token)


def test_resending_ends_a_personal_link_once_the_fresh_one_is_opened():
    registration = confirmed(make_event())
    old = newest_mail(registration).token
    write(actions.resend, registration, actor="user:7", now=NOW + timedelta(minutes=1))
    fresh = newest_mail(registration).token
    assert [refused(old), refused(fresh)] == [False, False]
    write(actions.open_link, fresh, now=NOW + timedelta(hours=1))
    assert [refused(old), refused(fresh)] == [True, False]


def test_resending_leaves_each_confirming_link_with_its_own_answers():
    registration = register(make_event())
    first = newest_mail(registration).token
    write(actions.resend, registration, actor="user:7", now=NOW + timedelta(minutes=1))
    assert [refused(first, CONFIRM), refused(newest_mail(registration).token, CONFIRM)] == [False, False]


def test_a_newer_link_ends_the_older_ones_when_it_is_opened_and_not_before():
    registration = confirmed(make_event())
    old, confirming = newest_mail(registration).token, newest_mail(registration, "received").token
    links_of_an_hour = [issue(registration, now=NOW + timedelta(minutes=n)) for n in (1, 2)]
    assert [refused(token) for token in (old, *links_of_an_hour)] == [False] * 3
    write(actions.open_link, links_of_an_hour[0], now=NOW + timedelta(hours=1))
    assert [refused(token) for token in (old, *links_of_an_hour)] == [True, False, False]
    assert not refused(confirming, CONFIRM)
    write(actions.open_link, links_of_an_hour[1], now=NOW + timedelta(hours=1))
    assert [refused(token) for token in (old, *links_of_an_hour)] == [True, True, False]


def test_a_link_that_is_asked_for_while_the_registration_is_cancelled_opens_nothing(app):
    registration = confirmed(make_event())
    event, email = registration.event, registration.email
    start_write(db.session)
    actions.cancel(registration, actor="person", now=NOW)
    asking = Thread(target=ask_for_link, args=(app, event.slug, email))
    asking.start()
    # The thread that asks for a link must wait for the cancellation. Without the wait it would end in half a second.
    asking.join(0.5)
    db.session.commit()
    asking.join()
    live = db.select(RegistrationToken).where(RegistrationToken.revoked_at.is_(None))
    assert db.session.scalars(live).all() == []


def test_a_confirming_link_that_is_ended_while_it_is_pressed_confirms_nothing(app, at_noon):
    registration = register(make_event())
    number, mail = registration.id, newest_mail(registration)
    page = open_page(f"/en/r/confirm/{mail.token}")
    registration = db.session.get_one(Registration, number)
    start_write(db.session)
    places.lock(registration.event)
    links.revoke(registration, now=NOW)
    statuses: list[int] = []
    pressing = Thread(target=press, args=(app, page, statuses))
    pressing.start()
    # The pressing thread now waits: on PostgreSQL for the event's row, after finding its link; on SQLite to write.
    pressing.join(0.5)
    db.session.commit()
    pressing.join()
    found = db.session.get_one(Registration, number, populate_existing=True)
    assert (statuses, found.status, found.confirmed_at) == ([404], "pending", None)
    replaced = db.select(RegistrationToken).where(RegistrationToken.purpose == MANAGE)
    assert db.session.scalars(replaced).all() == []


def press(app, page, statuses):
    browser = app.test_client()
    browser.set_cookie(page["name"], page["cookie"])
    statuses.append(browser.post(page["path"], data={"csrf_token": page["csrf_token"]}).status_code)


def test_who_cancels_while_the_worker_deletes_an_ended_link_is_not_refused(app):
    registration = confirmed(make_event())
    number, later = registration.id, NOW + timedelta(hours=49)
    start_write(db.session)
    assert expiry.forget_ended(now=later) == 1
    cancelling = Thread(target=cancel, args=(app, number, later))
    cancelling.start()
    # The cancellation now waits: on PostgreSQL for the link's row, on SQLite until the worker's transaction ends.
    cancelling.join(0.5)
    db.session.commit()
    cancelling.join()
    assert db.session.get_one(Registration, number, populate_existing=True).status == "cancelled"


def cancel(app, number, now):
    with app.app_context():
        write(actions.cancel, db.session.get_one(Registration, number), actor="person", now=now)


def ask_for_link(app, slug, email):
    with app.app_context():
        write(links_by_mail.send_fresh_link, find_event(slug), email, now=NOW)


def test_an_attempt_by_a_stranger_does_not_end_the_owners_link():
    registration = register(make_event())
    token = newest_mail(registration).token
    register(registration.event, email=registration.email)
    assert not refused(token, CONFIRM)


def test_links_in_mails_serve_their_purpose():
    registration = register(make_event(), language="sv")
    mail = newest_mail(registration)
    assert links.follow(mail.token, CONFIRM, now=NOW).id == registration.id
    assert mail.address == f"http://127.0.0.1:8000/sv/r/confirm/{mail.token}"
    write(actions.confirm, registration, now=NOW)
    mail = newest_mail(registration)
    assert links.follow(mail.token, MANAGE, now=NOW).id == registration.id
    assert mail.address == f"http://127.0.0.1:8000/sv/r/{mail.token}"


def test_following_a_link_reads_what_its_page_shows_in_few_queries():
    event = make_event()
    token = issue(register(event, consents=frozenset(ConsentPurpose)))
    db.session.remove()
    start_write(db.session)
    registration = links.follow(token, MANAGE, now=NOW)
    # A detached object loads nothing more, so the values that are read now came with the link's query.
    db.session.expunge_all()
    assert (registration.event.slug, registration.sector.key, len(registration.consents)) == (
        "nf27",
        "justice",
        2,
    )
    assert len(registration.event.sectors) == 5
