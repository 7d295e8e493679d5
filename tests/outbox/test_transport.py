"""The transports require valid certificates and a sign-in, and write complete files only (F3, R07)."""

import ssl
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, LoginPassword

from forum.outbox.errors import ServerUnreachable
from forum.outbox.transport import Envelope, open_transport
from tests.outbox.scripted_smtp import ScriptedServer, scripted_smtp
from tools.certificates import make_certificate
from tools.servers import SmtpServer, free_port

MAIL = Envelope(7, "confirmed", "forum@example.org", "p@example.org", b"Subject: x\r\n\r\nhello\r\n")


@pytest.mark.parametrize("wanted", [{"MAIL_USE_TLS": True}, {"MAIL_USE_SSL": True}])
def test_verified_certificate_lets_mail_leave(app, database, to_server, tmp_path, wanted):
    certificate = make_certificate(tmp_path, "127.0.0.1")
    with tls_server(certificate, implicit="MAIL_USE_SSL" in wanted) as server:
        to_server(server.port, MAIL_CA_FILE=str(certificate), **wanted)
        send()

    assert len(server.messages) == 1


@pytest.mark.parametrize("wanted", [{"MAIL_USE_TLS": True}, {"MAIL_USE_SSL": True}])
@pytest.mark.parametrize(("name", "is_known"), [("127.0.0.1", False), ("127.0.0.2", True)])
def test_unknown_certificate_or_another_name_lets_none_leave(
    app, database, to_server, tmp_path, wanted, name, is_known
):
    certificate = make_certificate(tmp_path, name)
    with tls_server(certificate, implicit="MAIL_USE_SSL" in wanted) as server:
        to_server(server.port, MAIL_CA_FILE=str(certificate) if is_known else None, **wanted)
        with pytest.raises(ServerUnreachable) as refusal:
            send()

    assert (str(refusal.value).startswith("SSLCertVerificationError"), server.messages) == (True, [])


def test_server_without_tls_gets_nothing_when_tls_is_wanted(app, database, to_server, smtp_server):
    to_server(smtp_server.port, MAIL_USE_TLS=True)

    with pytest.raises(ServerUnreachable) as refusal:
        send()

    assert "STARTTLS extension not supported" in str(refusal.value)
    assert smtp_server.messages == []


@pytest.mark.parametrize(("password", "is_right"), [("right", True), ("wrong", False)])
def test_sign_in(app, database, to_server, tmp_path, password, is_right):
    """Over TLS the transport signs in; the error about a wrong password does not contain the password (S44)."""
    certificate = make_certificate(tmp_path, "127.0.0.1")
    with tls_server(certificate, implicit=False, password=b"right") as server:
        to_server(
            server.port,
            MAIL_USE_TLS=True,
            MAIL_CA_FILE=str(certificate),
            MAIL_USERNAME="forum",
            MAIL_PASSWORD=password,
        )
        if is_right:
            send()
        else:
            with pytest.raises(ServerUnreachable) as refusal:
                send()
            assert str(refusal.value).startswith("535")
            assert password not in str(refusal.value)

    assert len(server.messages) == is_right


def test_without_a_server_mail_is_a_private_file(app, database):
    hostile = Envelope(8, "confirmed", "forum@example.org", "../../å b@example.org", b"x")
    with open_transport() as transport:
        transport.connect()
        transport.deliver(MAIL)
        transport.deliver(hostile)

    folder: Path = app.config["INSTANCE"] / "mail"
    first, second = sorted(folder.iterdir())
    assert (first.name.partition("-")[2], second.name.partition("-")[2]) == (
        "7-confirmed-p@example.org.eml", "8-confirmed-.._..___b@example.org.eml",
    )  # fmt: skip
    assert first.read_bytes() == MAIL.content
    assert [stat.S_IMODE(path.stat().st_mode) for path in (folder, first)] == [0o700, 0o600]


def test_folder_that_cannot_be_written_is_a_server_out_of_reach(app, database):
    with open_transport() as transport:
        transport.connect()
        (app.config["INSTANCE"] / "mail").rmdir()
        with pytest.raises(ServerUnreachable):
            transport.deliver(MAIL)


def send() -> None:
    with open_transport() as transport:
        transport.connect()
        transport.deliver(MAIL)


@contextmanager
def tls_server(
    certificate: Path, *, implicit: bool, password: bytes = b""
) -> Iterator[SmtpServer | ScriptedServer]:
    """Run a mail server with STARTTLS or implicit TLS that can require a password."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    if implicit:
        with scripted_smtp(tls=context) as server:
            yield server
        return
    server = SmtpServer()
    server.port = free_port()
    options = {"tls_context": context, "require_starttls": True}
    if password:
        options |= {"auth_required": True, "authenticator": _authenticator(password)}
    controller = Controller(server, hostname="127.0.0.1", port=server.port, **options)
    controller.start()
    try:
        yield server
    finally:
        controller.stop()


def _authenticator(password: bytes):
    def decide(server, session, envelope, mechanism, data):
        right = isinstance(data, LoginPassword) and data.password == password
        return AuthResult(success=right, handled=right)

    return decide
