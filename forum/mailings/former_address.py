"""Messages to many that have not left when a person's address changes: made anew for the new address (R12)."""

from collections.abc import Collection, Sequence
from typing import Any

from flask.blueprints import BlueprintSetupState
from sqlalchemy import Select, or_, select
from sqlalchemy.orm import joinedload

from forum.extensions import db
from forum.mailings import kept_links
from forum.mailings.enums import STARTED, RecipientStatus
from forum.mailings.mails import KINDS
from forum.mailings.models import Mailing, MailingRecipient
from forum.outbox import actions as outbox
from forum.outbox import holding
from forum.outbox.enums import AbortReason, MessageStatus
from forum.outbox.models import OutboxMessage
from forum.outbox.queries import HELD, UNSENT
from forum.registration import former_address
from forum.registration.models import Registration
from forum.registration.names import canonical_email

# The states of mails that count as arrived: a sent mail, and one that is being sent just now, which will probably
# arrive.
HAS_LEFT = (MessageStatus.SENT, MessageStatus.INFLIGHT)


def install(state: BlueprintSetupState) -> None:
    """Let `registration`, which must not import this package, call the rule of this file for a changed address."""
    former_address.install(state.app, KINDS, make_anew)


def make_anew(registration: Registration, address: str) -> None:
    """Take back the person's mails of messages that have not left, and let new ones be made for another address.

    `address` is the canonical address that the registration is about to get. A mail that was tried is taken back, too:
    it may have reached the former mailbox, but not the new one. Nothing is made anew of a message that the new mailbox
    has got through another registration, nor of one that has ended.
    """
    has_got = _list_got_at(registration, address)
    for recipient in _list_not_left(registration):
        this = select(OutboxMessage.id).where(OutboxMessage.id == recipient.message_id)
        if recipient.mailing_id in has_got:
            outbox.take_back_messages(this, AbortReason.TOLD_OTHERWISE)
        elif recipient.mailing.status in STARTED:
            _wait_again(recipient, this)
        else:
            outbox.take_back_messages(this, AbortReason.OUTDATED)


def _list_not_left(registration: Registration) -> Sequence[MailingRecipient]:
    """Return the rows by which the registration is a recipient of a message whose mail to it has not left.

    Mails that have failed are among them while the message is under way: later only an organiser sends it again. Mails
    that a restore holds back are not, because they may have arrived already.
    """
    is_failed = OutboxMessage.status == MessageStatus.FAILED
    not_left = or_(OutboxMessage.status.in_(UNSENT), is_failed & Mailing.status.in_(STARTED))
    query = select(MailingRecipient).join(MailingRecipient.message).join(MailingRecipient.mailing)
    is_free = OutboxMessage.next_attempt_at.is_distinct_from(HELD)
    mine = query.where(MailingRecipient.registration_id == registration.id, not_left, is_free)
    whole = mine.options(joinedload(MailingRecipient.mailing)).order_by(MailingRecipient.id)
    return db.session.scalars(whole.execution_options(populate_existing=True)).all()


def _list_got_at(registration: Registration, address: str) -> Collection[int]:
    """Return the ids of messages that another registration of the event has got at this canonical address."""
    same = Registration.event_id == registration.event_id, Registration.email_canonical == address
    query = select(MailingRecipient.mailing_id, OutboxMessage.recipient).join(MailingRecipient.message)
    query = query.join(MailingRecipient.registration).where(*same, Registration.id != registration.id)
    rows = db.session.execute(query.where(OutboxMessage.status.in_(HAS_LEFT)))
    return {number for number, recipient in rows if canonical_email(recipient) == address}


def _wait_again(recipient: MailingRecipient, message_id: Select[Any]) -> None:
    """Let a new mail be made for a recipient, unless the mail with this id has left meanwhile."""
    this = MailingRecipient.id == recipient.id
    links = kept_links.links_of(this, OutboxMessage.attempts > 0)
    is_gone = holding.withdraw_untried(message_id)
    if not (is_gone or outbox.take_back_messages(message_id, AbortReason.OUTDATED)):
        return
    # Keep the link for refusing messages in a mail that a worker has tried to send: its reader may have got the mail.
    kept_links.keep_links(recipient.mailing.event, links)
    recipient.status, recipient.message_id = RecipientStatus.WAITING, None
    recipient.left_because = recipient.leave_digest = None
