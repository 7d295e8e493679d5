"""A handler of protected identity sees one real name at a time, once for each reason given (P21, P25, S09).

The pages are the same for people who have given no real name.
"""

import re
from datetime import timedelta

import pytest
from sqlalchemy import select, update

from forum import clock
from forum.accounts.enums import Role
from forum.accounts.models import SignIn, User
from forum.audit.models import AuditEntry
from forum.database import start_write
from forum.extensions import db
from forum.outbox.models import OutboxMessage
from forum.reveals import queries, reasons
from tests.factories.events import NOW, make_event, make_sector
from tests.factories.registrations import confirmed
from tests.registration.reading import read, recorded

REAL_NAME, REASON = "Canary Realname", "The police have called about a threat."
TRACES = ("", "attendees", "attendees?q=kim", "waiting", "registrations/{reference}", "mail")


@pytest.fixture
def app(make_app, database_url):
    return make_app(database_url)


@pytest.fixture
def event(database):
    return make_event(sectors=[make_sector("ngo", ceiling=50)])


@pytest.fixture
def person(event):
    """Save a person with protected identity, whose alias is Kim Alias."""
    return _kim(event, is_protected=True, real_name=REAL_NAME)


@pytest.fixture
def handler(sign_in_as, event):
    return sign_in_as(Role.PROTECTED_HANDLER, event)


def _kim(event, **identity):
    return confirmed(event, "ngo", given_name="Kim", family_name="Alias", organisation="Same", **identity)


def look_up(pages, person, reason=REASON, **options):
    asked = pages.get(f"/console/nf27/registrations/{person.reference}/reveal")
    return asked.submit({"reason": reason}, **{"expect": 200, **options})


def reveals_of(person):
    return [entry for entry in recorded(person) if entry[0] == "identity.revealed"]


def notices():
    rows = select(OutboxMessage).where(OutboxMessage.kind == "identity-revealed").order_by(OutboxMessage.id)
    return [read(row) for row in db.session.scalars(rows)]


def test_a_handler_sees_the_answer_once_and_the_others_are_told(sign_in_as, event, person, handler, archive):
    """A handler types a reference heard by phone; the answer is shown once, recorded, and other handlers get a mail."""
    sign_in_as(Role.PROTECTED_HANDLER, archive)
    sign_in_as(Role.PROTECTED_HANDLER)  # this handler has the role for all events
    organiser, admin = sign_in_as(Role.ORGANISER, event), sign_in_as(Role.ADMIN)
    before = [
        organiser.get(f"/console/nf27/{path.format(reference=person.reference)}").data for path in TRACES
    ]

    heard = person.reference.replace("-", " ").replace("0", "o").replace("1", "l").lower()
    found = handler.get(f"/console/nf27/reveals?reference={heard}", expect=303)
    asked = handler.get(found.location)
    assert "Kim Alias" in asked.text
    assert REAL_NAME not in asked.text
    assert asked.submit({"reason": ""}, expect=422).errors == {"reason": "Write why you have to know"}
    sent = {"reason": REASON}
    shown = asked.submit(sent, expect=200)
    assert shown.all("main dd") == ["Yes", REAL_NAME]
    assert REASON not in shown.data.decode()
    assert shown.headers["Cache-Control"] == "no-store"
    assert shown.headers["Refresh"] == "60; url=/console/nf27/reveals"

    (told,) = notices()
    assert (told.row.event_id, told.row.registration_id) == (None, None)
    assert f"looked up the registration with reference {person.reference}" in told.text
    for text in (told.subject, told.text, told.html):
        assert not re.search(r"Realname|Kim|Alias|police|NF27|Same", text)
    assert person.reference not in told.subject
    ((_action, actor, details),) = reveals_of(person)
    assert set(details) == {"reference", "key", "reason"}
    assert reasons.read(details["reason"], details["key"]) == REASON
    assert reasons.read(details["reason"], "another") is None
    assert "police" not in str(details)

    again = asked.submit(sent, expect=303)
    assert handler.get(again.location).flashes == [
        "The answer was shown once and is not shown again. Nothing new was recorded."
    ]
    assert (len(reveals_of(person)), len(notices())) == (1, 1)
    (row,) = queries.read_reveals(event, None).rows
    assert (row.reference, row.reason) == (person.reference, REASON)
    for pages, has_search in ((handler, True), (admin, False)):
        listed = pages.get("/console/nf27/reveals")
        assert listed.all("main tbody td")[0] == person.reference
        assert listed.all("main tbody td")[2] == REASON
        assert bool(listed.all("main form")) == has_search
    after = [
        organiser.get(f"/console/nf27/{path.format(reference=person.reference)}").data for path in TRACES
    ]
    assert list(map(_plain, after)) == list(map(_plain, before))
    assert actor.startswith("user:")


def test_without_other_handlers_the_admins_are_told(sign_in_as, event, person, handler):
    sign_in_as(Role.ADMIN, event)
    left = sign_in_as(Role.PROTECTED_HANDLER, event)
    assert left.get("/console/nf27/reveals").title
    newest = db.session.scalars(select(User).order_by(User.id.desc())).first()
    start_write(db.session)
    newest.active = False
    db.session.commit()
    look_up(handler, person)
    admins = {
        user.email for user in db.session.scalars(select(User)) if user.memberships[0].role == Role.ADMIN
    }
    assert {mail.row.recipient for mail in notices()} == admins


def test_everybody_is_revealed_alike(sign_in_as, event, person, handler):
    """For a person with equal data and no protected identity, pages, SQL statements, record and mail are the same."""
    sign_in_as(Role.PROTECTED_HANDLER, event)
    organiser_too = sign_in_as(Role.PROTECTED_HANDLER, event)
    twin, told = _kim(event), []
    assert organiser_too.get("/console/nf27/reveals")
    for each in (person, twin):
        asked = handler.get(f"/console/nf27/registrations/{each.reference}/reveal")
        shown = asked.submit({"reason": REASON}, expect=200)
        answer = shown.all("main dd")
        mails = [(mail.row.recipient, mail.subject, mail.text, mail.html) for mail in notices()[-2:]]
        pages = [_alike(page.data.decode(), each, answer) for page in (asked, shown)]
        statements = [len(page.statements) for page in (asked, shown)]
        ((_action, _actor, details),) = reveals_of(each)
        sizes = {name: len(value) for name, value in details.items()}
        told.append(
            (pages, statements, sizes, [[_alike(text, each, answer) for text in mail] for mail in mails])
        )
    assert handler.get(f"/console/nf27/registrations/{twin.reference}/reveal")
    assert told[0] == told[1]


def test_a_handler_reveals_only_so_many_people_an_hour(app, event, handler):
    assert app.config["REVEALS_PER_HOUR"] == 10
    app.config["REVEALS_PER_HOUR"] = 2
    people = [_kim(event) for _number in range(3)]
    for each in people[:2]:
        look_up(handler, each)
    refused = look_up(handler, people[2], expect=429)
    assert "You have looked up 2 people within an hour." in refused.text
    assert refused.form().data["reason"] == [REASON]
    assert len(queries.read_reveals(event, None).rows) == 2
    clock.freeze(NOW + timedelta(hours=1, seconds=1))
    start_write(db.session)
    db.session.execute(update(SignIn).values(confirmed_at=clock.now(), last_seen_at=clock.now()))
    db.session.commit()
    assert look_up(handler, people[2]).all("main dd") == ["No", "Not provided"]


def test_list_pages_through_all_reveals_and_outlives_erased_details(monkeypatch, event, person, handler):
    monkeypatch.setattr(queries, "PAGE_SIZE", 2)
    for number in range(3):
        look_up(handler, person, f"Reason number {number}")
    first = handler.get("/console/nf27/reveals")
    assert first.all("main tbody td")[2::3] == ["Reason number 2", "Reason number 1"]
    second = first.follow("Older")
    assert second.all("main tbody td")[2::3] == ["Reason number 0"]
    assert second.follow("Newer").all("main tbody td") == first.all("main tbody td")
    for nonsense in ("x", "999999999", "²", "9" * 30):
        assert handler.get(f"/console/nf27/reveals?after={nonsense}").all("main tbody td")
    start_write(db.session)
    db.session.delete(db.session.scalars(select(AuditEntry).order_by(AuditEntry.id.desc())).first().details)
    db.session.commit()
    assert queries.read_reveals(event, None).rows[0].reason == ""


def _plain(page):
    return re.sub(rb'name="csrf_token"[^>]*>', b"TOKEN", page)


def _alike(text, person, answer):
    """Return the text with placeholders for what differs between any two people, and for the answer itself."""
    text = re.sub(r'name="(csrf_token|key)"[^>]*>', "TOKEN", text).replace(person.reference, "REFERENCE")
    for value in answer:
        text = text.replace(f"<dd>{value}</dd>", "<dd>ANSWER</dd>")
    return text.replace('<dd><span class="muted">Not provided</span></dd>', "<dd>ANSWER</dd>")
