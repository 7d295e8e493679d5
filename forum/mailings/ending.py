"""Noting why people do not get mails that were made already: the registration ends, or its data may not be used (R12).

The stored reason is the one that `chosen_audience` gives where the registration has ended, or its data may not be used,
before the mail is made.
"""

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
    """Let `registration`, which must not import this package, call the rule of this file for ended registrations."""
    ending.install_taking_back(state.app, note_ended)


def note_ended(registrations: Sequence[Registration]) -> None:
    """Store that these people do not get the messages whose mails have not left, because their registrations end.

    The caller cancels the mails, those that have failed, too.
    """
    _note(registrations, LeftOut.ENDED)


def note_restricted(registration: Registration) -> None:
    """Store that a person does not get the messages whose mails have not left, because the data may not be used.

    The caller cancels the mails, those that have failed, too.
    """
    _note([registration], LeftOut.RESTRICTED)


def _note(registrations: Sequence[Registration], why: LeftOut) -> None:
    mine = OutboxMessage.registration_id.in_([registration.id for registration in registrations])
    not_left = OutboxMessage.status.in_((*UNSENT, MessageStatus.FAILED))
    unsent = select(OutboxMessage.id).where(mine, OutboxMessage.kind == OWN_WORDS, not_left)
    left_out = update(MailingRecipient).where(MailingRecipient.message_id.in_(unsent))
    db.session.execute(left_out.values(left_because=why))
