"""No request waits for the mail server: registering works while it is away or stalls, and mails leave later (R07)."""

import socket
from datetime import timedelta

import pytest
from sqlalchemy import select

from forum import clock
from forum.extensions import db
from forum.outbox import delivery
from forum.registration.enums import Status
from forum.registration.models import Registration
from tests.factories.events import NOW
from tests.factories.mails import states
from tests.outbox.scripted_smtp import SILENCE, scripted_smtp
from tests.registration.filling import ANSWERS, checked, link_in, mails
from tools.servers import free_port

pytestmark = pytest.mark.usefixtures("frozen")


@pytest.fixture
def app(make_app, database_url):
    return make_app(database_url, FORM_MIN_SECONDS=0)


@pytest.fixture
def asked(monkeypatch) -> list:
    """Give the addresses of hosts that are looked up, and those to which connections are opened, as they come."""
    addresses: list = []
    connect, look_up = socket.socket.connect, socket.getaddrinfo

    def note_connection(self, address):
        addresses.append(address)
        return connect(self, address)

    def note_look_up(host, port, *more, **options):
        addresses.append((host, port))
        return look_up(host, port, *more, **options)

    monkeypatch.setattr(socket.socket, "connect", note_connection)
    monkeypatch.setattr(socket, "getaddrinfo", note_look_up)
    return addresses


def register_and_confirm(pages) -> None:
    """Register as a visitor, confirm the address by the link in the mail, and ask for the link once more."""
    checked(pages).submit(button="Register", expect=303)
    (received,) = mails(db.session, "received")
    assert pages.get(link_in(received)).submit(follow=True).h1 == "You have a place"
    pages.post("registration.resend", {"email": ANSWERS["email"]})


@pytest.mark.parametrize("server", ["away", "silent"])
def test_registering_opens_no_connection_and_its_mails_wait_for_the_server(
    database, event, pages, to_server, asked, server
):
    with scripted_smtp({"GREETING": SILENCE}) as silent:
        port = free_port() if server == "away" else silent.port
        to_server(port, MAIL_TIMEOUT=0.2)
        register_and_confirm(pages)
        assert (asked, silent.connections) == ([], 0)
        assert delivery.deliver_due() == 0
        # Control: the worker does open a connection, and the test notices that.
        assert ("127.0.0.1", port) in asked
    assert db.session.scalars(select(Registration.status)).all() == [Status.CONFIRMED]
    waiting = states()
    assert {state for state, _attempts in waiting} <= {"queued", "awaiting_retry"}
    with scripted_smtp() as back:
        to_server(back.port)
        clock.freeze(NOW + timedelta(hours=1))
        delivery.deliver_due()
        assert len(back.messages) == len(waiting) == 3
