"""The answers to forms are the same with and without protected identity (P21, P22, P26).

Every form of the URL map is sent twice from the same stored state: when everybody has a protected identity, and when
nobody has. Compared are the answer, the page to which it leads, the mails that it leaves and the entries in the log
with their details. Everybody is protected, and not one person alone, because the forms are about several people. A form
with an address is also sent with the address of somebody who is registered. Forms about people that change nothing in
the test data are listed, each with the reason (UNCHANGING): only their answers are compared here.
"""

import random
import re
import secrets

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from forum.accounts.routes import console_people, people
from forum.audit import actions as audit
from forum.audit.models import AuditDetails, AuditEntry
from forum.audit.queries import VIEWS
from forum.database import start_write
from forum.extensions import db
from forum.outbox.models import OutboxMessage
from forum.registration import answers, mails, wording
from forum.registration.models import Registration
from tests.factories.events import NOW
from tests.guards.addresses import Address, addresses
from tests.guards.kept_state import KeptState, prepare
from tests.guards.test_mass_assignment import (
    FOLLOWING,
    FORMS,
    hidden_fields,
    let_a_task_cancel_some,
    rows,
)
from tests.guards.test_protection import TOKENS
from tests.guards.world import HERE, PERSON, World, find_registration
from tests.registration.reading import read
from tools.pages import counted_statements

# Forms whose results differ, each with the reason why they may: the person or a handler is to read the identity here.
TELLING = {
    "reveals.reveal": "a handler looks up one person, and the other handlers get a notice",
    "own_everything.enter": "leads the person to the page of all of their data, with their real name",
}
# Forms about people whom an organiser has ticked: the page with the form, the person who is ticked, and what is chosen.
REVIEW = f"/console/{HERE}/review"
TICKED = {
    "review_many.approve": (f"{REVIEW}/approval", "reviewed", {"whom": "all"}),
    "review_many.decline": (f"{REVIEW}/refusal", "reviewed", {"reason": "off_subject"}),
    "review_proposed.confirm": (f"{REVIEW}/refusal/confirmation", "proposed", {}),
    "review_proposed.withdraw": (f"{REVIEW}/refusal/confirmation", "proposed", {}),
}
# Forms that act only on as many people as their page has counted.
COUNTED = {"invitations.release", "invitations.remind"}
WHO, EXPECTED = (re.compile(rf'name="{name}"[^>]* value="([^"]+)"') for name in ("who", "expected"))
# Forms about people that change nothing in the test data, each with the reason.
UNCHANGING = {
    "registration.check": "shows what was entered",
    "registration.another": "leads to the choice of a sector, with what was entered",
    "registration.received": "gives back what the browser has sent, and this one has sent nothing",
    "self_service.unsubscribe": "the person has no calendar feed",
    "own_requests.erasure": "the person has asked for erasure already",
    "followers.leave": "the token belongs to no follower",
    "refusing.show": "the message with this link has no mail in the outbox",
    "invitations.invite_many": "shows who would be invited",
    "imports.new": "shows the columns of the table",
    "import_tables.show": "shows the columns of the table",
    "import_tables.stop": "the worker has not begun with the table",
    "imports.undo": "a person of the import is deleted, so it cannot be undone",
    "kept_exports.take": "the only kept list has nobody in it, and the form does not name it",
    "kept_exports.remove": "the only kept list has nobody in it, and the form does not name it",
    "bulk.stop": "the task has ended",
    "outbox.retry": "the mail waits, and has not failed",
    "outbox.dismiss": "the mail waits, and has not failed",
    "mailings.pause": "the mailing has not begun",
    "mailings.resume": "the mailing has not begun",
    "mailings.stop": "the mailing has not begun",
    "sent_mailings.take_back": "the message has been sent to everybody",
    "sent_mailings.again": "no mail of the message has failed",
    "organisation_merges.tell_apart": "the organisations are marked as different already",
    "public_balance.show": "too few people have a place for a public table",
}
ABOUT_PEOPLE = {*console_people.AUDIENCES, *people.AUDIENCES} & set(FORMS)


def send_each(world: World, endpoints: set[str]) -> dict[str, list[tuple]]:
    """Send each form from the same stored state; return by endpoint the answers and their effects (see `_send`)."""
    with world.app.app_context():
        somebody = {"email": find_registration(world, PERSON).email}
    kept, given = KeptState(world), {}
    for address in forms_of(world, endpoints):
        fields = FORMS[address.endpoint][1]
        variants = [fields, {**fields, **somebody}] if "email" in fields else [fields]
        given[address.endpoint] = [_send(kept, world, address, variant) for variant in variants]
    kept.restore()
    return given


def forms_of(world: World, endpoints: set[str]) -> list[Address]:
    """Return the first address of each form."""
    first: dict[str, Address] = {}
    for address in addresses(world, (HERE,)):
        if address.endpoint in endpoints and "POST" in address.methods:
            first.setdefault(address.endpoint, address)
    return list(first.values())


def _send(kept, world, address, fields) -> tuple:
    """Return the answer with its SQL statements, the page to which it leads, and what others can see of it."""
    kept.restore()
    prepare(world, address.endpoint)
    browser, newest = world.browsers[FORMS[address.endpoint][0]], _newest(world)
    with pytest.MonkeyPatch.context() as patched:
        draw_the_same(patched)
        sent = _filled(world, address, browser, fields)
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


def _filled(world: World, address: Address, browser: FlaskClient, fields: dict[str, str]) -> dict[str, str]:
    """Return what a browser sends: these fields, the hidden ones, and the person who is ticked."""
    sent = {**fields, **hidden_fields(world, FORMS[address.endpoint][0], address.path)}
    if address.endpoint in COUNTED:
        sent["expected"] = EXPECTED.search(browser.get(address.path).text)[1]
    if address.endpoint in TICKED:
        path, name, chosen = TICKED[address.endpoint]
        shown = browser.get(f"{path}?who={world.references[name]}").text
        sent |= {**chosen, "who": WHO.search(shown)[1]}
    return sent


def _general(page: bytes) -> str:
    """Return a page with a placeholder for its CSRF token, which is drawn anew each time."""
    return TOKENS.sub("TOKEN", page.decode(errors="replace"))


def _newest(world: World) -> int:
    with world.app.app_context():
        return db.session.scalar(select(OutboxMessage.id).order_by(OutboxMessage.id.desc()).limit(1)) or 0


def _left(world: World, newest: int) -> tuple[list, list, list]:
    """Return who has which mails, what the new ones say, and what the log says has happened."""
    columns = OutboxMessage.id, OutboxMessage.kind, OutboxMessage.recipient, OutboxMessage.status
    what = AuditEntry.actor, AuditEntry.action, AuditEntry.subject_type, AuditEntry.subject_id
    entries = select(*what, AuditDetails.payload).outerjoin(
        AuditDetails, AuditDetails.entry_id == AuditEntry.id
    )
    with world.app.app_context():
        new = select(OutboxMessage).where(OutboxMessage.id > newest).order_by(OutboxMessage.id)
        written = [read(row) for row in db.session.scalars(new)]
        return (
            [tuple(row) for row in db.session.execute(select(*columns).order_by(OutboxMessage.id))],
            [(mail.subject, mail.files, TOKENS.sub("TOKEN", mail.text + mail.html)) for mail in written],
            [
                (*what, _without_form(details))
                for *what, details in db.session.execute(entries.order_by(AuditEntry.id))
            ],
        )


def _without_form(details: dict | None) -> dict | None:
    """Return the details of an entry in the log without the key of its form, which has the time in it."""
    return details and {name: value for name, value in details.items() if name != "form"}


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


def unchanging(world: World, endpoints: set[str]) -> set[str]:
    """Send each form from the same stored state; return those after which every row is what it was before."""
    let_a_task_cancel_some(world)
    kept, same = KeptState(world), set()
    for address in forms_of(world, endpoints):
        kept.restore()
        prepare(world, address.endpoint)
        audience, fields, *_more = FORMS[address.endpoint]
        browser = world.browsers[audience]
        sent, before = _filled(world, address, browser, fields), _stored(world)
        browser.post(address.path, data=sent)
        if _stored(world) == before:
            same.add(address.endpoint)
    kept.restore()
    return same


def _stored(world: World) -> dict[str, dict[tuple, dict]]:
    """Return every stored row by table, without what each view of a page leaves in the log."""
    stored = {
        table: each for table, each in rows(world).items() if table not in {*FOLLOWING, "audit_details"}
    }
    acts = {key: row for key, row in stored["audit_entries"].items() if row["action"] not in VIEWS}
    return {**stored, "audit_entries": acts}


@pytest.mark.long
@pytest.mark.parametrize(
    "endpoints",
    [ABOUT_PEOPLE - set(TELLING), pytest.param(set(FORMS) - ABOUT_PEOPLE, marks=pytest.mark.slow)],
    ids=["about people", "others"],
)
def test_no_form_has_other_results_for_protected_people(fresh_world, endpoints):
    assert differing(fresh_world, endpoints) == []


@pytest.mark.slow
def test_every_form_about_people_changes_something_or_has_a_reason(fresh_world):
    """A form that is refused, or has nobody to act on, leaves no mail and no entry in the log that could differ."""
    assert unchanging(fresh_world, ABOUT_PEOPLE) == set(UNCHANGING)


def test_forms_that_show_what_is_sealed_are_found(fresh_world):
    """Control: the forms in TELLING, whose results may differ, do differ for protected people."""
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


def test_a_form_that_records_more_about_protected_people_is_named(fresh_world, monkeypatch):
    """Control: a detail in the log that only entries about protected people have is found."""
    plain = audit.record

    def record(action, subject, **told):
        more = {"is_protected": True} if isinstance(subject, Registration) and _is_protected(subject) else {}
        return plain(action, subject, **told, **more)

    monkeypatch.setattr(audit, "record", record)
    forms = {"attendee_notes.index", "log.export_site"}
    assert differing(fresh_world, forms) == ["attendee_notes.index"]
