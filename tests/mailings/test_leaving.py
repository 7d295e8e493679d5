"""A message names an address for refusing messages by mail, and `forum bounces` reads what comes there (M06)."""

import re
from email import message_from_bytes, policy

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from forum.database import start_write
from forum.extensions import db
from forum.mailings import leaving
from forum.mailings.models import MailRefusal
from forum.outbox import bounces, messages, reports, return_paths
from forum.outbox.bounces import Noted
from forum.outbox.enums import MessageStatus
from forum.outbox.errors import UnsafeMessage
from tests.commands.test_bounces import run
from tests.factories.events import NOW
from tests.factories.mails import mark_all_sent
from tests.factories.own_words import make_planned
from tests.factories.registrations import confirmed
from tests.mailings.test_headers import LINK, draft
from tests.mailings.test_own_words import mails_of, parse, work
from tests.outbox.samples import dsn

WAYS = re.compile(
    r"<(https?://[^>]+)>, <mailto:(bounces\+[a-z2-7]{40}@post\.example\.org)\?subject=unsubscribe>"
)
LEAVING = b"From: P <p@example.net>\r\nTo: %s\r\nSubject: unsubscribe\r\n\r\n\r\n"

pytestmark = pytest.mark.usefixtures("frozen")


@pytest.fixture
def app(make_app, sqlite_url):
    return make_app(sqlite_url, MAIL_BOUNCE_ADDRESS="bounces@post.example.org")


@pytest.fixture
def mail(event):
    """Give a message to one person in the organisers' words, not sent yet."""
    person = confirmed(event)
    mailing = make_planned(event)
    work()
    return mails_of(mailing)[person.email]


def address_in(mail) -> str:
    """Return the address for refusing messages, from a header that stands on one line."""
    (line,) = [line for line in mail.content.decode().split("\r\n") if line.startswith("List-Unsubscribe:")]
    return WAYS.fullmatch(line.removeprefix("List-Unsubscribe: "))[2]


def refusals() -> int:
    db.session.rollback()
    return len(db.session.scalars(select(MailRefusal)).all())


def test_mail_to_the_address_of_a_message_refuses_further_ones(app, mail):
    address = address_in(mail)
    for _again in range(2):
        told = run(app, "--recipient", address.upper(), given=LEAVING % b"somebody@example.org")
        assert (told, refusals()) == ((0, "1: a recipient wants no more messages\n"), 1)
    db.session.refresh(mail)
    assert mail.status == MessageStatus.ABORTED


def test_address_is_read_from_the_headers_in_a_mailbox(app, mail, tmp_path):
    for folder in ("new", "cur"):
        (tmp_path / folder).mkdir()
    (tmp_path / "new" / "1.host").write_bytes(LEAVING % address_in(mail).encode())
    assert run(app, "--maildir", str(tmp_path)) == (0, "1: a recipient wants no more messages\n")
    assert refusals() == 1


def test_other_mail_refuses_nothing(app, mail):
    """A report that quotes the address in the returned message, and mail to an unknown token, refuse no messages."""
    address = address_in(mail)
    mark_all_sent()
    returned = dsn(
        "4.4.1", action="delayed", to="bounces@post.example.org", return_path=return_paths.sender_of(mail)
    )
    returned = returned.replace(b"Subject: hello", f"List-Unsubscribe: <mailto:{address}>".encode())
    for raw, sent_to, noted in (
        (returned, "", Noted.DELAYED),
        (LEAVING % b"bounces@post.example.org", leaving.address_of_nobody(), Noted.NO_REPORT),
        (LEAVING % return_paths.sender_of(mail).encode(), "", Noted.NO_REPORT),
    ):
        start_write(db.session)
        assert not leaving.note(f"{sent_to} {reports.addressed_to(raw)}", now=NOW)
        assert bounces.note(raw, sent_to=sent_to, now=NOW) == noted
        db.session.commit()
    assert refusals() == 0


def test_no_address_is_named_where_the_forum_reads_no_mail(app, event):
    app.config["MAIL_BOUNCE_ADDRESS"] = None
    person = confirmed(event)
    mailing = make_planned(event)
    work()
    assert "mailto:" not in parse(mails_of(mailing)[person.email])["List-Unsubscribe"]
    assert leaving.address_of_nobody() == ""


@given(st.text(max_size=30))
def test_no_address_breaks_out_of_its_header(address):
    try:
        raw = messages.build(draft("Choose", LINK, leave_address=f"{address}@example.org"))
    except UnsafeMessage:
        return
    (ways,) = message_from_bytes(raw, policy=policy.compat32).get_all("List-Unsubscribe")
    assert re.fullmatch(rf"<{re.escape(LINK)}>, <mailto:[^<>\s,?]*@example\.org\?subject=unsubscribe>", ways)
