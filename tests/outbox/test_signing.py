"""Mails are signed as they leave (DKIM), and a receiver that asks DNS for the key finds them unchanged."""

import base64
import re
from pathlib import Path
from types import SimpleNamespace

import dkim
import pytest
from cryptography.hazmat.primitives.asymmetric import ed25519, rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)
from sqlalchemy import select

from forum.database import start_write
from forum.outbox import delivery, signing
from forum.outbox.models import OutboxMessage
from forum.outbox.transport import Envelope, open_transport
from forum.settings.errors import UnsafeSettings
from forum.settings.loading import load_settings
from tests.browser.test_mail import ACCOUNT_KINDS, write_account_mails
from tests.factories.events import NOW
from tests.factories.mails import make_mail, states
from tests.outbox.other_mails import OTHER_KINDS, make_other_mails
from tests.outbox.scripted_smtp import scripted_smtp
from tests.registration.test_mails import KINDS, make_mails
from tools.organisers import make_user

RECORD = b"forum2027._domainkey.example.org."
PLAIN = (Encoding.PEM, PrivateFormat.PKCS8)


@pytest.fixture(scope="module")
def key_file(tmp_path_factory) -> Path:
    """Give a file with a signing key, made once, because that takes time."""
    path = tmp_path_factory.mktemp("dkim") / "key.pem"
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    path.write_bytes(key.private_bytes(*PLAIN, NoEncryption()))
    return path


@pytest.fixture
def app(make_app, sqlite_url, key_file):
    return make_app(
        sqlite_url,
        MAIL_DEFAULT_SENDER="forum@example.org",
        DKIM_KEY_FILE=str(key_file),
        DKIM_SELECTOR="forum2027",
    )


@pytest.fixture
def is_valid(key_file, monkeypatch):
    """Return a function that says whether a receiver finds a mail's signature valid, with the test's own DNS."""
    public = load_pem_private_key(key_file.read_bytes(), None).public_key()
    encoded = base64.b64encode(public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo))
    # A signature from the future is not valid, and the clock of the tests is ahead of the real one.
    monkeypatch.setattr(dkim, "time", SimpleNamespace(time=NOW.timestamp))
    records = {RECORD: b"v=DKIM1; k=rsa; p=" + encoded}
    return lambda mail: dkim.verify(mail, dnsfunc=lambda name, timeout=5: records.get(name, b""))


@pytest.mark.parametrize("language", ["sv", "en"])
def test_every_kind_of_mail_arrives_with_a_valid_signature(
    database, to_server, smtp_server, is_valid, language
):
    to_server(smtp_server.port)
    mails = {kind: mail.raw for kind, mail in make_mails(language).items()}
    write_account_mails(make_user(language=language))
    make_other_mails(language)
    has_words = OutboxMessage.content.is_not(None)
    mails |= {mail.kind: mail.content for mail in database.scalars(select(OutboxMessage).where(has_words))}
    with open_transport() as transport:
        transport.connect()
        for number, (kind, raw) in enumerate(mails.items()):
            content = signing.sign(raw, made_at=NOW)
            transport.deliver(Envelope(number, kind, "forum@example.org", "p@example.org", content))

    assert set(mails) >= KINDS | ACCOUNT_KINDS | OTHER_KINDS
    wrong = [kind for kind, got in zip(mails, smtp_server.contents, strict=True) if not is_valid(got)]
    assert wrong == []


def test_changed_words_or_another_from_make_the_signature_invalid(database, smtp_server, to_server, is_valid):
    to_server(smtp_server.port)
    make_mail(recipient_name="Åsa, Öberg", reply_to="info@example.org")
    delivery.deliver_due()
    (got,) = smtp_server.contents

    assert is_valid(got)
    assert not is_valid(b"From: Bank <bank@example.org>\r\n" + got)
    for header in (b"To", b"Subject", b"Date", b"Message-ID", b"Reply-To"):
        assert not is_valid(re.sub(rb"(?m)^%s: " % header, header + b": x", got, count=1)), header
    assert not is_valid(got.replace(b"test", b"text"))
    # Nobody can send a signed mail again with other words above it, or with another place for answers.
    for header in signing.CLOSED:
        assert not is_valid(header.title() + b": Sign in at evil.example\r\n" + got), header
    # A relaying server may add headers, and fold the other ones anew.
    assert is_valid(b"Received: by relay\r\n" + got.replace(b"Reply-To: ", b"Reply-To:\r\n  "))


def test_link_to_unsubscribe_is_under_the_signature(app, is_valid):
    link = b"<https://forum.example/unsubscribe/" + b"x" * 200 + b">"
    head = b"From: forum@example.org\r\nList-Unsubscribe: " + link + b"\r\n"
    mail = head + b"List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n\r\nhello\r\n"
    with app.app_context():
        signed = signing.sign(mail, made_at=NOW)

    assert signed.endswith(mail)
    assert is_valid(signed)
    assert not is_valid(signed.replace(b"/unsubscribe/x", b"/unsubscribe/y"))


def test_mail_that_is_sent_again_has_the_same_bytes(database, to_server):
    answers = iter(["450 later", "250 ok"])
    with scripted_smtp({"END": lambda _server: next(answers)}) as server:
        to_server(server.port)
        mail = make_mail()
        delivery.deliver_due()
        start_write(database)
        mail.next_attempt_at = NOW
        database.commit()
        delivery.deliver_due()

    assert states() == [("sent", 2)]
    first, second = server.messages
    assert first == second
    assert first.startswith(b"DKIM-Signature: ")


def test_without_a_key_mail_leaves_as_it_was_made(make_app, sqlite_url):
    with make_app(sqlite_url).app_context():
        assert signing.sign(b"From: a@b\r\n\r\nx\r\n", made_at=NOW) == b"From: a@b\r\n\r\nx\r\n"


def test_parent_of_the_sender_s_domain_may_sign(tmp_path, key_file):
    loaded = load_settings(
        {
            "INSTANCE": tmp_path,
            "MAIL_DEFAULT_SENDER": "Forum <forum@post.example.org>",
            "DKIM_KEY_FILE": str(key_file),
            "DKIM_SELECTOR": "S1.Forum",
            "DKIM_DOMAIN": "Example.org",
        }
    )
    assert (loaded["DKIM"].selector, loaded["DKIM"].domain) == ("s1.forum", "example.org")
    assert "PRIVATE" not in repr(loaded["DKIM"])
    assert loaded["SECRET_FILES"] == [key_file]


@pytest.mark.parametrize(
    ("differing", "problem"),
    [
        ({"DKIM_KEY_FILE": ""}, "FORUM_DKIM_KEY_FILE is missing: without a key nothing is signed"),
        ({"DKIM_KEY_FILE": "/no/such/file"}, "FORUM_DKIM_KEY_FILE cannot be read"),
        (
            {"DKIM_KEY_FILE": __file__},
            "FORUM_DKIM_KEY_FILE must hold a private key without a passphrase (PEM)",
        ),
        ({"DKIM_SELECTOR": ""}, "FORUM_DKIM_SELECTOR must be the key's name in DNS, such as forum2026"),
        ({"DKIM_SELECTOR": "a b"}, "FORUM_DKIM_SELECTOR must be the key's name in DNS, such as forum2026"),
        (
            {"DKIM_DOMAIN": "ample.org"},
            "FORUM_DKIM_DOMAIN must be the domain of FORUM_MAIL_DEFAULT_SENDER, or one above it",
        ),
    ],
)
def test_key_that_cannot_sign_stops_the_start(tmp_path, key_file, differing, problem):
    assert _problems(tmp_path, {"DKIM_KEY_FILE": str(key_file), **differing}) == [problem]


@pytest.mark.parametrize(
    ("make", "lock", "problem"),
    [
        (
            lambda: rsa.generate_private_key(public_exponent=65537, key_size=1024),  # noqa: S505 - refused
            NoEncryption(),
            "FORUM_DKIM_KEY_FILE must hold a key of 2048 to 4096 bits",
        ),
        (
            ed25519.Ed25519PrivateKey.generate,
            NoEncryption(),
            "FORUM_DKIM_KEY_FILE holds an Ed25519 key (RFC 8463), whose signatures most receivers cannot check:"
            " make an RSA key instead, as with `openssl genrsa 2048`",
        ),
        (
            ed25519.Ed25519PrivateKey.generate,
            BestAvailableEncryption(b"word"),
            "FORUM_DKIM_KEY_FILE must hold a private key without a passphrase (PEM)",
        ),
    ],
)
def test_key_of_another_kind_stops_the_start(tmp_path, make, lock, problem):
    path = tmp_path / "key.pem"
    path.write_bytes(make().private_bytes(*PLAIN, lock))
    assert _problems(tmp_path, {"DKIM_KEY_FILE": str(path)}) == [problem]


def _problems(folder: Path, differing: dict[str, str]) -> list[str]:
    given = {
        "INSTANCE": folder,
        "MAIL_DEFAULT_SENDER": "forum@example.org",
        "DKIM_SELECTOR": "forum2027",
        **differing,
    }
    with pytest.raises(UnsafeSettings) as refusal:
        load_settings(given)
    return refusal.value.problems
