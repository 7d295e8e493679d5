"""Pages, files and mails are the same with and without protected identity (P21, P22, P26).

Every page is requested twice: with the person's protected identity, and after it was withdrawn. Every role opens every
page, so new pages, lists and numbers are compared without being listed here.
"""

import re
from collections.abc import Iterator

import pytest
from sqlalchemy import select

from forum.accounts.access import AUDIENCES, Face, Roles
from forum.accounts.enums import Role
from forum.database import start_write
from forum.extensions import db
from forum.outbox.models import OutboxMessage
from forum.registration import answers, wording
from forum.web.limits import COUNTER
from tests.factories.events import NOW
from tests.guards.addresses import readable
from tests.guards.conftest import BOTH
from tests.guards.test_access_matrix import csrf_token, holds
from tests.guards.test_canaries import FILE, queue_every_mail
from tests.guards.world import ADMIN, HERE, PERSON, World, find_registration
from tests.registration.reading import read
from tools.pages import counted_statements

# The page of a confirming link, which shows the answers of its own form to everybody who has the link.
ANSWERS_OF_ITS_FORM = "self_service.confirm"
# The page of all of the person's data, which only the person opens, by a fresh link.
EVERYTHING = "own_everything.show"
# Matches what differs with each request: tokens, and the reference on a page of an error.
TOKENS = re.compile(
    r'name="(csrf_token|key|seen)"[^>]*>|give the reference [0-9a-f]{8}\.'
    r"|/r/((confirm|everything|invitation|delegation|delegation/confirm)/)?[A-Za-z0-9_-]{43}"
)
# Pages of the log that list page views, among them those of this test. Only acts are compared here;
# tests/console/test_log.py tests what admins read about views.
LOGS = {"log.index", "log.site"}
# The audiences in the order in which they open pages. The person comes last: the page of own data lists today's views.
LOOKED_AT = (ADMIN, *(f"{role} of {HERE}" for role in Role), PERSON)


@pytest.fixture(scope="module", params=BOTH)
def world_kind(request):
    return request.param


def look(world: World) -> dict[tuple[str, str], tuple]:
    """Return the status, text and number of SQL statements of each URL for each audience."""
    # Reset the counters of views: the number of views within the hour decides which one is recorded.
    world.app.extensions[COUNTER].storage.reset()
    # Forget what the process remembers: otherwise only the first round of requests would read and render it.
    world.app.extensions.get("kept_footers", {}).clear()
    world.app.extensions.get("kept_values", {}).clear()
    seen = {}
    for audience in LOOKED_AT:
        for where, ask in requests(world, audience):
            with counted_statements(world.app) as statements:
                answer = ask()
            seen[audience, where] = (
                answer.status_code,
                TOKENS.sub("TOKEN", answer.data.decode(errors="replace")),
                len(statements),
            )
        # Open a page that shows pending flash messages: they would appear on the first page of the next round.
        world.browsers[audience].get("/account/")
    return seen


def requests(world: World, audience: str) -> Iterator[tuple]:
    """Yield the URLs that the audience may request, each with its request; exports are included."""
    browser = world.browsers[audience]
    for address in readable(world, (HERE,)):
        face = AUDIENCES[address.endpoint]
        is_own = face == Face.LINK and address.endpoint not in {ANSWERS_OF_ITS_FORM, EVERYTHING}
        if (
            is_own
            if audience == PERSON
            else isinstance(face, Roles) and holds(world, audience, face, address.event)
        ):
            path = f"{address.path}?kind=acts" if address.endpoint in LOGS else address.path
            yield path, lambda path=path: browser.get(path)
    if Role.ORGANISER in audience or audience == ADMIN:
        path, token = f"/console/{HERE}/attendees/export", csrf_token(browser)
        yield "file", lambda: browser.post(path, data={**FILE, "csrf_token": token})


def differing(world: World) -> list[tuple[str, str]]:
    """Request everything, withdraw the protection, and request it again; return where something differs."""
    before = look(world)
    with world.app.app_context():
        start_write(db.session)
        person = find_registration(world, PERSON)
        assert person.protected_identity.answer["is_protected"]
        answers.say_identity(person, is_protected=False, real_name=None, now=NOW)
        db.session.commit()
    after = look(world)
    assert len(before) == len(after) > 200
    assert sum(status == 200 for status, *_rest in before.values()) > 100
    return [where for where in before if before[where] != after[where]]


@pytest.mark.long
def test_no_page_or_file_differs_when_protection_is_taken_back(fresh_world):
    assert differing(fresh_world) == []


@pytest.mark.slow
def test_a_page_that_tells_is_named(fresh_world, monkeypatch):
    """Control: a star beside the name of a protected person is found on each page that shows the name."""
    plain = wording.full_name

    def starred(registration):
        is_protected = registration.protected_identity.answer["is_protected"]
        return plain(registration) + ("*" if is_protected else "")

    monkeypatch.setattr(wording, "full_name", starred)
    person = f"/console/{HERE}/registrations/{fresh_world.references[PERSON]}"
    found = differing(fresh_world)
    assert {(ADMIN, person), (ADMIN, f"{person}/cancel"), (f"{Role.ORGANISER} of {HERE}", person)} <= set(
        found
    )
    told = (person, f"/console/{HERE}/counts/people", f"/console/{HERE}/requests")
    assert all(where.startswith(told) for _audience, where in found)


def test_no_mail_differs_when_protection_is_taken_back(fresh_world):
    with fresh_world.app.app_context():
        told = []
        for is_protected in (True, False):
            start_write(db.session)
            person = find_registration(fresh_world, PERSON)
            answers.say_identity(person, is_protected=is_protected, real_name=None, now=NOW)
            db.session.commit()
            newest = db.session.scalars(select(OutboxMessage.id).order_by(OutboxMessage.id.desc())).first()
            queue_every_mail(fresh_world)
            rows = select(OutboxMessage).where(
                OutboxMessage.id > newest, OutboxMessage.registration_id == person.id
            )
            mails = [read(row) for row in db.session.scalars(rows.order_by(OutboxMessage.id))]
            told.append(
                [(mail.subject, mail.files, TOKENS.sub("LINK", mail.text + mail.html)) for mail in mails]
            )
    assert told[0] == told[1]
    assert len(told[0]) >= 9
