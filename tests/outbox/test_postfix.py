"""A real mail server takes the forum's mail over TLS, signed, and the reports that come back are read (M06, M09).

The test is skipped where Postfix is missing, and where tests do not run as root, which Postfix needs to start.
"""

import base64
import re
import smtplib
import ssl
from pathlib import Path

import dkim
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)

from forum.mailings import refusals
from forum.mailings.enums import Category
from forum.outbox import delivery, suppression
from tests.commands.test_bounces import run
from tests.factories.mails import make_mail, states
from tests.factories.own_words import make_planned
from tests.factories.registrations import confirmed
from tests.mailings.test_own_words import work
from tools.postfix import run_postfix
from tools.servers import MissingProgram

READER, GONE = "reader@example.org", "gone@example.org"
BOUNCES = "bounces@bounce.example.org"
RECORD = b"forum2027._domainkey.example.org."


@pytest.fixture
def key_file(tmp_path) -> Path:
    path = tmp_path / "key.pem"
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    path.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    return path


@pytest.fixture
def app(make_app, sqlite_url, key_file):
    return make_app(
        sqlite_url,
        MAIL_DEFAULT_SENDER="forum@example.org",
        MAIL_BOUNCE_ADDRESS=BOUNCES,
        DKIM_KEY_FILE=str(key_file),
        DKIM_SELECTOR="forum2027",
    )


@pytest.fixture
def postfix():
    boxes = {READER: "reader", BOUNCES: "bounces"}
    try:
        with run_postfix(boxes, errors={GONE: "5.1.1 nobody here"}) as server:
            yield server
    except MissingProgram as missing:
        pytest.skip(str(missing))


@pytest.fixture
def is_valid(key_file, monkeypatch):
    """Return a function that says whether a mail's signature is valid, with a DNS of the test."""
    public = load_pem_private_key(key_file.read_bytes(), None).public_key()
    encoded = base64.b64encode(public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo))
    records = {RECORD: b"v=DKIM1; k=rsa; p=" + encoded}
    # A signature from the future is not valid, and the clock of tests is ahead.
    monkeypatch.setattr(dkim, "time", type("Ahead", (), {"time": staticmethod(lambda: 4e9)}))
    return lambda mail: dkim.verify(mail, dnsfunc=lambda name, timeout=5: records.get(name, b""))


@pytest.mark.slow
def test_signed_mail_goes_through_a_real_mail_server_and_back(app, event, postfix, to_server, is_valid):
    to_server(postfix.port, MAIL_USE_TLS=True, MAIL_CA_FILE=str(postfix.certificate))
    confirmed(event, email=READER, given_name="Åsa")
    make_planned(event)
    work()
    make_mail(recipient=GONE, event_id=event.id)
    while delivery.deliver_due():
        pass
    assert {state for state, _attempts in states()} == {"sent"}

    arrived = postfix.mails("reader", len(states()) - 1)
    assert all(is_valid(mail) for mail in arrived)
    (told,) = [mail for mail in arrived if b"\r\nList-Unsubscribe:" in mail]
    assert not is_valid(told.replace(b"mailto:bounces", b"mailto:others"))
    assert b"using TLSv1." in told
    (ways,) = re.findall(
        rb"\r\nList-Unsubscribe: <https?://[^>\s]+>, <mailto:([^?]+)\?subject=unsubscribe>\r\n", told
    )

    # The report about the other mail has come back to an address that only that mail has.
    postfix.mails("bounces")
    box = str(postfix.maildir("bounces"))
    assert run(app, "--maildir", box) == (0, "1: an address is undeliverable\n")
    assert suppression.find(GONE, event.id)

    with smtplib.SMTP("127.0.0.1", postfix.port) as client:
        client.starttls(context=ssl.create_default_context(cafile=str(postfix.certificate)))
        client.sendmail(READER, [ways.decode()], b"Subject: unsubscribe\r\n\r\n")
    postfix.mails("bounces")
    assert run(app, "--maildir", box) == (0, "1: a recipient wants no more messages\n")
    assert refusals.is_refused(event, READER, Category.PRACTICAL)
