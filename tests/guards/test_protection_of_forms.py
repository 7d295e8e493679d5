"""The answers to forms are the same with and without protected identity (P21, P22, P26).

Every form of the URL map is sent twice from the same stored state: when everybody has a protected identity, and when
nobody has. Compared are the answer, the page to which it leads, the mails that it leaves and the entries in the log.
Everybody is protected, and not one person alone, because the forms are about several people. A form with an address is
also sent with the address of somebody who is registered.
"""

import random
import secrets

import pytest
from sqlalchemy import select

from forum.accounts.routes import console_people, people
from forum.audit.models import AuditEntry
from forum.database import start_write
from forum.extensions import db
from forum.outbox.models import OutboxMessage
from forum.registration import answers, mails, wording
from forum.registration.models import Registration
from tests.factories.events import NOW
from tests.guards.addresses import addresses
from tests.guards.kept_state import KeptState, prepare
from tests.guards.test_mass_assignment import FORMS, hidden_fields, let_a_task_cancel_some
from tests.guards.test_protection import TOKENS
from tests.guards.world import HERE, PERSON, World, find_registration
from tests.registration.reading import read
from tools.pages import counted_statements

# Forms whose results differ, each with the reason why they may: the person or a handler is to read the identity here.
TELLING = {
    "reveals.reveal": "a handler looks up one person, and the other handlers get a notice",
    "own_everything.enter": "leads the person to the page of all of their data, with their real name",
}
ABOUT_PEOPLE = {*console_people.AUDIENCES, *people.AUDIENCES} & set(FORMS)


def send_each(world: World, endpoints: set[str]) -> dict[str, list[tuple]]:
    """Send each form from the same stored state; return by endpoint what came of it."""
    with world.app.app_context():
        somebody = {"email": find_registration(world, PERSON).email}
    kept, given = KeptState(world), {}
    for address in addresses(world, (HERE,)):
        if address.endpoint in endpoints - given.keys() and "POST" in address.methods:
            fields = FORMS[address.endpoint][1]
            variants = [fields, {**fields, **somebody}] if "email" in fields else [fields]
            given[address.endpoint] = [_send(kept, world, address, variant) for variant in variants]
    kept.restore()
    return given


def _send(kept, world, address, fields) -> tuple:
    """Return the answer with its SQL statements, the page to which it leads, and what others can see of it."""
    kept.restore()
    prepare(world, address.endpoint)
    browser, newest = world.browsers[FORMS[address.endpoint][0]], _newest(world)
    with pytest.MonkeyPatch.context() as patched:
        draw_the_same(patched)
        sent = {**fields, **hidden_fields(world, FORMS[address.endpoint][0], address.path)}
        with counted_statements(world.app) as statements:
            answer = browser.post(address.path, data=sent)
            pages = [browser.get(answer.location)] if answer.location else []
    told = [(page.status_code, page.location, _general(page.get_data())) for page in (answer, *pages)]
    return told, len(statements), _left(world, newest)


def draw_the_same(patched: pytest.MonkeyPatch) -> None:
    """Let tokens, references and codes be drawn in the same order again, so that only what they stand for differs."""
    drawn = random.Random(1)
    patched.setattr(secrets, "token_bytes", lambda count=None: drawn.randbytes(count or 32))
    patched.setattr(secrets, "choice", drawn.choice)


def _general(page: bytes) -> str:
    """Return a page with a placeholder for its CSRF token, which is drawn anew each time."""
    return TOKENS.sub("TOKEN", page.decode(errors="replace"))


def _newest(world: World) -> int:
    with world.app.app_context():
        return db.session.scalar(select(OutboxMessage.id).order_by(OutboxMessage.id.desc()).limit(1)) or 0


def _left(world: World, newest: int) -> tuple[list, list, list]:
    """Return who has which mails, what the new ones say, and what the log says has happened."""
    columns = OutboxMessage.id, OutboxMessage.kind, OutboxMessage.recipient, OutboxMessage.status
    entries = select(AuditEntry.actor, AuditEntry.action, AuditEntry.subject_type, AuditEntry.subject_id)
    with world.app.app_context():
        new = select(OutboxMessage).where(OutboxMessage.id > newest).order_by(OutboxMessage.id)
        written = [read(row) for row in db.session.scalars(new)]
        return (
            [tuple(row) for row in db.session.execute(select(*columns).order_by(OutboxMessage.id))],
            [(mail.subject, mail.files, TOKENS.sub("TOKEN", mail.text + mail.html)) for mail in written],
            [tuple(row) for row in db.session.execute(entries.order_by(AuditEntry.id))],
        )


def differing(world: World, endpoints: set[str]) -> list[str]:
    """Send the forms when everybody is protected, and when nobody is; return those with different results."""
    let_a_task_cancel_some(world)
    results = []
    for is_protected in (True, False):
        _say_of_everybody(world, is_protected=is_protected)
        results.append(send_each(world, endpoints))
    before, after = results
    assert set(before) == set(after) == endpoints
    return sorted(endpoint for endpoint in endpoints if before[endpoint] != after[endpoint])


def _say_of_everybody(world: World, *, is_protected: bool) -> None:
    real_name = "Real Name" if is_protected else None
    with world.app.app_context():
        start_write(db.session)
        for person in db.session.scalars(select(Registration)):
            answers.say_identity(person, is_protected=is_protected, real_name=real_name, now=NOW)
        db.session.commit()


def _is_protected(registration: Registration) -> bool:
    return registration.protected_identity.answer["is_protected"]


@pytest.mark.long
@pytest.mark.parametrize(
    "endpoints",
    [ABOUT_PEOPLE - set(TELLING), pytest.param(set(FORMS) - ABOUT_PEOPLE, marks=pytest.mark.slow)],
    ids=["about people", "others"],
)
def test_no_form_has_other_results_for_protected_people(fresh_world, endpoints):
    assert differing(fresh_world, endpoints) == []


def test_forms_that_show_what_is_sealed_are_found(fresh_world):
    """Control: the forms that are left out do differ."""
    assert differing(fresh_world, set(TELLING)) == sorted(TELLING)


def test_a_form_that_tells_is_named(fresh_world, monkeypatch):
    """Control: a star beside the name of a protected person is found on the page to which an answer leads."""
    plain = wording.full_name
    monkeypatch.setattr(wording, "full_name", lambda one: plain(one) + ("*" if _is_protected(one) else ""))
    forms = {"attendees.resend", "log.export_site"}
    assert differing(fresh_world, forms) == ["attendees.resend"]


def test_a_form_that_sends_protected_people_no_mail_is_named(fresh_world, monkeypatch):
    """Control: a mail that only a protected person lacks is found, though the page is the same."""
    plain = mails.queue_link
    monkeypatch.setattr(
        mails, "queue_link", lambda one, **more: None if _is_protected(one) else plain(one, **more)
    )
    assert differing(fresh_world, {"registration.resend"}) == ["registration.resend"]
