"""`forum mail-test` sends immediately and shows the mail server's answer."""

import pytest

from forum.cli import cli
from forum.database import start_write
from forum.outbox import delivery, relay
from tests.factories.events import NOW
from tests.factories.mails import make_mail, states
from tests.outbox.scripted_smtp import scripted_smtp

pytestmark = pytest.mark.usefixtures("frozen")


@pytest.fixture
def app(make_app, database_url):
    return make_app(database_url)


def mail_test(app, address="me@example.org"):
    result = app.test_cli_runner().invoke(cli, ["mail-test", address])
    return result.exit_code, result.output.strip()


def test_message_is_sent_at_once_and_ends_a_pause_of_all_mail(app, database, to_server, smtp_server):
    to_server(smtp_server.port)
    make_mail()
    start_write(database)
    relay.pause("away", now=NOW)
    database.commit()

    assert mail_test(app) == (0, "127.0.0.1 took the message.")
    assert smtp_server.envelopes == [("forum@localhost", ["me@example.org"])]
    assert (delivery.deliver_due(), states()) == (1, [("sent", 1), ("sent", 1)])


@pytest.mark.parametrize(
    ("script", "words"),
    [
        ({"RCPT": "550 5.1.1 nobody here"}, "550 5.1.1 nobody here"),
        ({"GREETING": "554 go away"}, "554 go away"),
    ],
)
def test_refusal_is_told_in_the_servers_words_once_and_nobody_tries_again(
    app, database, to_server, caplog, script, words
):
    with scripted_smtp(script) as server:
        to_server(server.port)
        assert mail_test(app) == (1, f"Error: not sent: {words}")

    assert [record.getMessage() for record in caplog.records if record.name == "forum.outbox"] == []
    assert states() == [("aborted", 1)]


@pytest.mark.parametrize("script", [{"GREETING": "554 go away"}, {"MAIL": "550 no"}, {"RCPT": "550 nobody"}])
def test_refusal_leaves_everybodys_mail_alone(app, database, to_server, script):
    """Three failed runs of `forum mail-test` neither extend nor end the pause in which the worker sends no mail."""
    start_write(database)
    relay.pause("away", now=NOW)
    database.commit()
    with scripted_smtp(script) as server:
        to_server(server.port)
        assert mail_test(app)[0] == 1

    trouble = relay.find_trouble()
    found = (trouble.failures, trouble.paused_until, trouble.last_error)
    assert found == (1, NOW + relay.PAUSES[0], "away")


def test_address_that_is_none_is_told_before_anything_is_written(app, database):
    assert mail_test(app, "nobody") == (1, "Error: nobody: the address is not a mail address.")
    assert states() == []
