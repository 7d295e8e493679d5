"""No typed text can add a header to a mail or a line to the log (S36, S45, F2).

Every text field of the registration form gets every payload over HTTP, and every text of an event gets it in the
database. The mails are checked as bytes too, because Python's mail library could read its own mistake as correct.
"""

import json
import logging
import re

import pytest
from sqlalchemy import select, update

from forum.columns import Text
from forum.database import start_write
from forum.events.models import Event
from forum.extensions import db
from forum.logs import JsonLines
from forum.outbox.enums import MessageStatus
from forum.outbox.models import OutboxMessage
from tests.guards.test_canaries import queue_every_mail
from tests.guards.test_mass_assignment import DETAILS, hidden_fields
from tests.guards.world import HERE, VISITOR, World

PAYLOADS = (
    # A payload for a flaw of Python's own mail library (F2).
    "A \U0001f4a9 =?UTF-8?Q?=0A?=Bcc: zqevil@evil.example",
    "A\r\nBcc: zqevil@evil.example",
    "A\nX-Zqevil: 1\n\nBody",
    "A\rX-Zqevil: 1",
    "A\x0bX-Zqevil: 1\x0c\x1c\x1d\x85B",
    "A\u2028X-Zqevil: 1\u2029B",
    "=?utf-8?b?enFldmls?=",
    "A\x00B\x1b[31mC\x9b2JD\u202eE",
    'zqevil" <zqevil@evil.example>, B',
)
FIELDS = (
    "given_name",
    "family_name",
    "organisation",
    "title",
    "email",
    "phone",
    "real_name",
    "language",
    "country",
)
HEADERS = {
    *(
        "Date",
        "From",
        "To",
        "Reply-To",
        "Subject",
        "Message-ID",
        "Auto-Submitted",
        "X-Auto-Response-Suppress",
    ),
    *("Content-Language", "MIME-Version", "Content-Type"),
}
RAW_HEADER = re.compile(rb"(?:\r\n|\r|\n|^)([!-9;-~]+):")
ANSWERS = {**DETAILS, "email": "new@example.org", "is_protected": "y", "real_name": "Real"}


def check_mail(row: OutboxMessage) -> None:
    """Check that the mail has the usual headers only and goes to one address."""
    head = row.content.partition(b"\r\n\r\n")[0]
    names = [name.decode() for name in RAW_HEADER.findall(re.sub(rb"\r\n[ \t]+", b" ", head))]
    assert (sorted(names), b"\0" in head) == (sorted(HEADERS), False)
    (recipient,) = re.findall(rb"^To: (.+)\r$", head, re.MULTILINE)
    assert b"zqevil" not in recipient or row.recipient.startswith("zqevil")
    assert recipient.count(b"@") == 1


def mails_since(before: set[int]) -> list[OutboxMessage]:
    return list(db.session.scalars(select(OutboxMessage).where(OutboxMessage.id.not_in(before))))


@pytest.mark.parametrize("payload", PAYLOADS)
def test_no_field_of_a_registration_makes_a_header(fresh_world, payload):
    """A payload in a form's field is refused, or the mails that it leads to have no header of the payload."""
    world = fresh_world
    for number, name in enumerate(FIELDS):
        answers = {**ANSWERS, "email": f"new{number}@example.org", name: payload}
        sent = {**answers, **hidden_fields(world, VISITOR, "")}
        with world.app.app_context():
            before = set(db.session.scalars(select(OutboxMessage.id)))
        status = world.browsers[VISITOR].post("/en/register/ngo", data=sent).status_code
        assert status in {303, 422}, name
        with world.app.app_context():
            for mail in mails_since(before):
                assert mail.status == MessageStatus.QUEUED, mail.last_error
                check_mail(mail)


@pytest.mark.parametrize("payload", PAYLOADS)
def test_no_word_of_an_event_makes_a_header(fresh_world, payload):
    """A mail that cannot be built becomes a dead letter with its reason, and the other mails are sent."""
    with fresh_world.app.app_context():
        start_write(db.session)
        both = Text(en=payload, sv=payload)
        event = {"name": both, "short_name": both, "place": both, "contact_email": "office@example.org"}
        db.session.execute(update(Event).where(Event.slug == HERE).values(**event))
        db.session.commit()
        before = set(db.session.scalars(select(OutboxMessage.id)))
        queue_every_mail(fresh_world)
        made = mails_since(before)
        for mail in made:
            assert (mail.content is None) == (mail.status == MessageStatus.FAILED), mail.kind
            assert mail.content is None or check_mail(mail) is None
    assert len(made) > 10


def test_a_header_too_many_is_found(fresh_world):
    """Control: the check notices an additional header line in a mail, in each of three spellings."""
    with fresh_world.app.app_context():
        mail = db.session.scalars(select(OutboxMessage).where(OutboxMessage.content.is_not(None))).first()
        whole = re.sub(rb"(?m)^To: .*\r$", b"To: a@example.org\r", mail.content)
        mail.recipient = "a@example.org"
        for more in (b"", b"Bcc: x@evil.example\r\n", b"X: 1\n", b"Y: 1\r"):
            mail.content = more + whole
            if more:
                with pytest.raises(AssertionError):
                    check_mail(mail)
            else:
                check_mail(mail)
        db.session.rollback()


def logged(world: World, *, path: str, **request) -> list[str]:
    """Return the log lines of a request."""
    lines: list[str] = []
    handler, log = logging.Handler(), logging.getLogger()
    handler.emit = lambda record: lines.append(JsonLines().format(record))
    level = log.level
    log.addHandler(handler)
    log.setLevel(logging.INFO)
    try:
        world.browsers[VISITOR].open(path, **request)
    finally:
        log.removeHandler(handler)
        log.setLevel(level)
    return lines


@pytest.mark.parametrize("payload", PAYLOADS)
def test_a_request_is_one_line_of_the_log_whatever_is_in_it(fresh_world, payload):
    """A payload in the path, the query, headers or all fields of a form leaves one log line for each request."""
    one_line = re.sub(r"[\r\n]", "", payload).encode("utf-8").decode("latin-1")
    hidden = hidden_fields(fresh_world, VISITOR, "")
    lines = [
        *logged(fresh_world, path=f"/en/news/{payload}".replace("\x00", "%00"), method="GET"),
        *logged(fresh_world, path="/en/news/search", method="GET", query_string={"q": payload, payload: "1"}),
        *logged(
            fresh_world, path="/en/", method="GET", headers={"User-Agent": one_line, "Referer": one_line}
        ),
        *logged(
            fresh_world,
            path="/en/register/ngo",
            method="POST",
            data={**dict.fromkeys(FIELDS, payload), **hidden},
        ),
    ]
    assert len(lines) == 4
    for line in lines:
        assert re.fullmatch(r"[ -~]+", line)
        assert json.loads(line)["event"] == "request"
    assert "zqevil" not in " ".join(lines[1:])
