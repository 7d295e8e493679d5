"""Pages, files and mails are the same with and without protected identity (P21, P22, P26).

Every page is requested twice: with the person's protected identity, and after it was withdrawn. Visitors open the
public pages, the person those behind a personal link, and every role the pages of the console. A page that none of them
opens fails unless NOT_COMPARED has a reason; test_protection_of_forms.py compares what forms lead to. A missing name
could reveal the protection as well, so somebody who is on no list of participants is compared, too.
"""

import re
from collections.abc import Iterator

import pytest
from sqlalchemy import select, update

from forum.accounts.access import AUDIENCES, OPEN_FACES, Face, Roles
from forum.accounts.enums import Role
from forum.database import start_write
from forum.extensions import db
from forum.outbox.models import OutboxMessage
from forum.participants import queries
from forum.registration import answers, wording
from forum.registration.models import Consent
from tests.factories.events import NOW
from tests.guards.addresses import Address, readable
from tests.guards.conftest import BOTH
from tests.guards.kept_state import forget_remembered
from tests.guards.test_access_matrix import csrf_token, holds
from tests.guards.test_canaries import FILE, queue_every_mail
from tests.guards.world import ADMIN, HERE, PERSON, VISITOR, World, find_registration
from tests.registration.reading import read
from tools.pages import counted_statements

# Pages that are not compared, each with the reason.
NOT_COMPARED = {
    "own_everything.show": "shows the person their real name, which only somebody with a protected identity has given",
}
# Matches what differs with each request: tokens, and the reference on a page of an error.
TOKENS = re.compile(
    r'name="(csrf_token|key|seen)"[^>]*>|give the reference [0-9a-f]{8}\.'
    r"|/r/((confirm|everything|invitation|delegation|delegation/confirm)/)?[A-Za-z0-9_-]{43}"
)
# Pages of the log that list page views, among them those of this test. Only acts are compared here;
# tests/console/test_log.py tests what admins read about views.
LOGS = {"log.index", "log.site"}
# The audiences in the order in which they open pages. The person comes last: the page of own data lists today's views.
LOOKED_AT = (VISITOR, ADMIN, *(f"{role} of {HERE}" for role in Role), PERSON)


@pytest.fixture(scope="module", params=BOTH)
def world_kind(request):
    return request.param


def look(world: World, looked_at: tuple[str, ...] = LOOKED_AT) -> dict[tuple[str, str], tuple]:
    """Return the status, text and number of SQL statements of each URL for each audience."""
    # Forget what the process remembers: otherwise only the first round of requests would read and render it.
    forget_remembered(world.app)
    seen = {}
    for audience in looked_at:
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
        if is_read_by(world, audience, address):
            path = f"{address.path}?kind=acts" if address.endpoint in LOGS else address.path
            yield path, lambda path=path: browser.get(path)
    if Role.ORGANISER in audience or audience == ADMIN:
        path, token = f"/console/{HERE}/attendees/export", csrf_token(browser)
        yield "file", lambda: browser.post(path, data={**FILE, "csrf_token": token})


def is_read_by(world: World, audience: str, address: Address) -> bool:
    """Return whether the audience looks at this page: visitors at open ones, the person at those behind a link."""
    face = AUDIENCES[address.endpoint]
    if address.endpoint in NOT_COMPARED:
        return False
    if audience == VISITOR:
        return face in OPEN_FACES | {Face.FORM, Face.ACCOUNT}
    if audience == PERSON:
        return face == Face.LINK
    return isinstance(face, Roles) and holds(world, audience, face, address.event)


def differing(
    world: World, looked_at: tuple[str, ...] = LOOKED_AT, *, at_least: int = 200
) -> list[tuple[str, str]]:
    """Request everything, withdraw the protection, and request it again; return where something differs."""
    before = look(world, looked_at)
    take_back_protection(world)
    after = look(world, looked_at)
    assert len(before) == len(after) > at_least
    assert sum(status == 200 for status, *_rest in before.values()) > at_least / 2
    return [where for where in before if before[where] != after[where]]


def take_back_protection(world: World) -> None:
    """Let the person say that their identity is not protected."""
    with world.app.app_context():
        start_write(db.session)
        person = find_registration(world, PERSON)
        assert person.protected_identity.answer["is_protected"]
        answers.say_identity(person, is_protected=False, real_name=None, now=NOW)
        db.session.commit()


@pytest.mark.long
def test_no_page_or_file_differs_when_protection_is_taken_back(fresh_world):
    assert differing(fresh_world) == []


def test_every_page_is_compared_or_has_a_reason(world):
    compared, pages = set(), readable(world, (HERE,))
    for audience in LOOKED_AT:
        compared |= {page.endpoint for page in pages if is_read_by(world, audience, page)}
    assert {page.endpoint for page in pages} - compared == set(NOT_COMPARED)


def test_no_page_differs_when_somebody_on_no_list_takes_back_protection(fresh_world):
    """Somebody who has withdrawn all consents is missing from the public list in the same way, protected or not."""
    with fresh_world.app.app_context():
        start_write(db.session)
        person = find_registration(fresh_world, PERSON)
        given = update(Consent).where(Consent.registration_id == person.id)
        db.session.execute(given.values(withdrawn_at=NOW))
        name, twin = wording.full_name(person), wording.full_name(find_registration(fresh_world, "twin"))
        db.session.commit()
    page = fresh_world.browsers[VISITOR].get("/en/participants").text
    assert (name in page, twin in page) == (False, True)
    assert differing(fresh_world, (VISITOR, PERSON), at_least=40) == []


def test_a_public_list_that_leaves_out_who_is_protected_is_named(fresh_world, monkeypatch):
    """Control: a list of participants without protected people differs for its readers."""
    shown = queries.list_shown

    def list_unprotected(event):
        person = find_registration(fresh_world, PERSON)
        is_protected = person.protected_identity.answer["is_protected"]
        return [row for row in shown(event) if not (is_protected and row.given_name == person.given_name)]

    monkeypatch.setattr(queries, "list_shown", list_unprotected)
    assert (VISITOR, "/en/participants") in differing(fresh_world, (VISITOR,), at_least=40)


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
