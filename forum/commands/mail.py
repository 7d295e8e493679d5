"""`forum mail-test`: send a test mail and show the mail server's answer."""

import click
from flask import current_app
from flask.cli import with_appcontext

from forum import clock, logs
from forum.database import start_write
from forum.extensions import db
from forum.outbox import actions, delivery, relay
from forum.outbox.addresses import mailbox
from forum.outbox.enums import AbortReason, Lane, MessageStatus
from forum.outbox.errors import UnsafeMessage
from forum.web.languages import DEFAULT, NAMES


@click.command("mail-test")
@click.argument("address")
@click.option("--language", type=click.Choice(list(NAMES)), default=DEFAULT, show_default=True)
@with_appcontext
def mail_test(address: str, language: str) -> None:
    """Send a test message to ADDRESS at once, even while sending is paused; print the mail server's answer.

    When the server accepts it, the pause ends.
    """
    try:
        mailbox(address)
    except UnsafeMessage as refusal:
        raise click.ClickException(f"{address}: {refusal}.") from refusal
    start_write(db.session)
    message = actions.queue(
        kind="test", recipient=address, language=language, context={}, now=clock.now(), lane=Lane.NOW
    )
    db.session.flush()
    with logs.silenced(delivery.log.name):
        delivery.send_at_once(message)
    if message.status != MessageStatus.SENT:
        raise click.ClickException(f"not sent: {_put_aside(message)}")
    server = current_app.config["MAIL_SERVER"]
    click.echo(f"{server} took the message." if server else "Written into the folder mail/ of the instance.")


def _put_aside(message) -> str:
    """Mark the test message as aborted, so that the worker does not try it again; return why it was not sent."""
    start_write(db.session)
    db.session.refresh(message)
    trouble = relay.find_trouble()
    reason = message.last_error or (trouble.last_error if trouble else None) or "no reason is known"
    message.status, message.abort_reason = MessageStatus.ABORTED, AbortReason.NOT_NEEDED
    message.content = message.lease_owner = message.lease_until = None
    db.session.commit()
    return reason
