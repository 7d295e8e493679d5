"""Addresses of any script are registered where the mail server carries them, else refused in the form (M05)."""

import pytest
from sqlalchemy import func, select

from forum.extensions import db
from forum.outbox import delivery
from forum.outbox.models import OutboxMessage
from forum.registration.models import Registration
from tests.factories.mails import states
from tests.outbox.scripted_smtp import scripted_smtp
from tests.registration.filling import ANSWERS, checked

pytestmark = pytest.mark.usefixtures("frozen")
GREETINGS = {True: "250-scripted\r\n250-8BITMIME\r\n250 SMTPUTF8", False: "250 scripted"}
BEFORE_THE_AT = (
    "Our mail server cannot send to addresses with letters such as å before the @. Enter another address."
)


@pytest.fixture
def app(make_app, database_url):
    return make_app(database_url, FORM_MIN_SECONDS=0)


def recipients(server) -> list[str]:
    """Return the recipients that a mail server was told, with the options of SMTP's command MAIL before each."""
    told = [command.lower() for command in server.commands]
    return [line for line in told if line.startswith(("rcpt to:", "mail from:"))]


@pytest.mark.parametrize("takes_utf8", [True, False])
def test_a_domain_of_any_script_is_registered_and_written_to_in_a_labels(
    database, event, pages, to_server, takes_utf8
):
    with scripted_smtp({"EHLO": GREETINGS[takes_utf8]}) as server:
        to_server(server.port, MAIL_SMTPUTF8=takes_utf8)
        checked(pages, email="Thordis@Blåbär.example").submit(button="Register", expect=303)
        delivery.deliver_due()
    sender, recipient = recipients(server)
    assert recipient == "rcpt to:<thordis@xn--blbr-noae.example>"
    assert "smtputf8" not in sender
    assert states() == [("sent", 1)]


def test_letters_before_the_at_sign_are_registered_where_the_server_carries_them(
    database, event, pages, to_server
):
    with scripted_smtp({"EHLO": GREETINGS[True]}) as server:
        to_server(server.port, MAIL_SMTPUTF8=True)
        checked(pages, email="þórdís@blåbär.example").submit(button="Register", expect=303)
        delivery.deliver_due()
    sender, recipient = recipients(server)
    assert recipient == "rcpt to:<þórdís@xn--blbr-noae.example>"
    assert "smtputf8" in sender
    assert states() == [("sent", 1)]


def test_letters_before_the_at_sign_are_refused_in_the_form_where_it_does_not(
    database, event, pages, to_server
):
    """Nothing is stored and no mail is stuck: the visitor enters another address on the same page."""
    with scripted_smtp({"EHLO": GREETINGS[False]}) as server:
        to_server(server.port, MAIL_SMTPUTF8=False)
        typed = {**ANSWERS, "email": "þórdís@blåbär.example"}
        page = pages.post("registration.details", typed, sector="justice", expect=422)
        assert page.errors == {"email": BEFORE_THE_AT}
        stored = [
            db.session.scalar(select(func.count()).select_from(one)) for one in (Registration, OutboxMessage)
        ]
        assert stored == [0, 0]
        check = page.submit({"email": "thordis@blåbär.example"}, follow=True, expect=200)
        check.submit(button="Register", expect=303)
        delivery.deliver_due()
    assert states() == [("sent", 1)]
