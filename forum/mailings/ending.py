"""People whose registrations end get no more messages: mails made already are taken back, with the reason (R12)."""

from collections.abc import Sequence

from flask.blueprints import BlueprintSetupState
from sqlalchemy import select, update

from forum.extensions import db
from forum.mailings.enums import LeftOut
from forum.mailings.mails import OWN_WORDS
from forum.mailings.models import MailingRecipient
from forum.outbox.enums import MessageStatus
from forum.outbox.models import OutboxMessage
from forum.outbox.queries import UNSENT
from forum.registration import ending
from forum.registration.models import Registration


def install(state: BlueprintSetupState) -> None:
    """Let `registration`, which must not import this package, call the rule of this file for whoever ends."""
    ending.install_taking_back(state.app, note_ended)


def note_ended(registrations: Sequence[Registration]) -> None:
    """Store why these people do not get the messages whose mails have not left; the caller cancels the mails.

    The caller cancels mails that have failed, too.
    The reason is the one that `chosen_audience` gives to somebody who has ended before the mail was made.
    """
    mine = OutboxMessage.registration_id.in_([registration.id for registration in registrations])
    not_left = OutboxMessage.status.in_((*UNSENT, MessageStatus.FAILED))
    unsent = select(OutboxMessage.id).where(mine, OutboxMessage.kind == OWN_WORDS, not_left)
    left_out = update(MailingRecipient).where(MailingRecipient.message_id.in_(unsent))
    db.session.execute(left_out.values(left_because=LeftOut.ENDED))
