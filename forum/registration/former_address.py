"""Mails that wait for the former address of a registration: taken back, and made anew for the present one.

A mail has the address for which it was made, and mostly a personal link, which ends with the change of the address. A
mail that waits, for a day where a server puts it off, would go to a mailbox that may not be the person's any more, with
a link that does not work, and would count as received. The mail that tells the former address of the change leaves.
"""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from flask import current_app
from flask.sansio.app import App
from sqlalchemy import ColumnElement, select

from forum.extensions import db
from forum.outbox import actions as outbox
from forum.outbox import letters
from forum.outbox.enums import AbortReason, MessageStatus
from forum.outbox.letters import Letter
from forum.outbox.models import OutboxMessage
from forum.outbox.queries import HELD, UNSENT
from forum.registration import deadlines, links, mails, offers
from forum.registration.enums import Status, TokenPurpose
from forum.registration.models import Registration

FOLLOWING = "what lets messages to many follow a person to another address"
# A function that is called with a registration and the canonical address that the registration is about to get.
Following = Callable[[Registration, str], None]
OFFERED = mails.FOR_STATE[Status.OFFERED]
# The kinds of mails that tell a registration's status: in place of those that have not left, one mail to the new
# address tells the present status.
OF_STATUS = {*mails.FOR_STATE.values(), "offer-reminder", "offer-extended"}
# The kinds of mails that nobody needs at the new address: they answer a form that was sent with the former address.
ASKED_FOR = {
    *("received", "received-without-place", "link", "link-to-confirm", "own-data"),
    *(mails.REPEATED, mails.SUBSTITUTE_REGISTERED),
}


@dataclass(frozen=True)
class TakenBack:
    """The mails that were taken back: those to be made anew, and whether any of them told the status."""

    letters: Sequence[Letter] = ()
    told_status: bool = False


def install(app: App, kinds: Collection[str], rule: Following) -> None:
    """Register `rule`, called before an address changes, which deals with the unsent mails of these kinds."""
    app.extensions[FOLLOWING] = (frozenset(kinds), rule)


def let_messages_follow(registration: Registration, address: str) -> Collection[str]:
    """Let messages to many that have not left go to the canonical `address`, which the registration is about to get.

    Return the kinds of these messages' mails. Call before anything is recorded in the audit trail.
    """
    kinds, rule = current_app.extensions.get(FOLLOWING, (frozenset(), None))
    if rule:
        rule(registration, address)
    return kinds


def take_back(registration: Registration, address: str, *, now: datetime) -> TakenBack:
    """Cancel the registration's mails to its address that have not left; messages to many follow to `address`.

    `address` is the canonical address that the registration is about to get. Call with the event locked, before the
    address changes and before anything is recorded in the audit trail.
    """
    by_rule = let_messages_follow(registration, address)
    query = select(OutboxMessage).where(*_waiting(registration, by_rule, now))
    return _take_back(db.session.scalars(query.execution_options(populate_existing=True)).all())


def take_back_older(registration: Registration, since: datetime) -> TakenBack:
    """Cancel the mails that were made anew for the registration's address by a merge, to make them anew once more.

    `since` is the moment of the merge, and the mails have an earlier date. Later mails are not among them, because they
    may concern the other person, nor is one that is being sent. Call with the event locked, before the address changes
    and before anything is recorded in the audit trail.
    """
    query = select(OutboxMessage).where(
        OutboxMessage.registration_id == registration.id,
        OutboxMessage.recipient == registration.email,
        OutboxMessage.status.in_((MessageStatus.QUEUED, MessageStatus.AWAITING_RETRY, MessageStatus.FAILED)),
        OutboxMessage.kind.not_in(OF_STATUS | ASKED_FOR),
        OutboxMessage.next_attempt_at.is_distinct_from(HELD),
        OutboxMessage.created_at >= since,
    )
    # Lock the mails, or the worker may begin to send a mail that has been read here.
    locked = query.order_by(OutboxMessage.id).with_for_update().execution_options(populate_existing=True)
    # A mail's date has no fractions of a second. Compared with the exact moment of the merge, mails that the merge
    # itself has made would seem older.
    begin = since.replace(microsecond=0)
    candidates = [(mail, letters.read(mail)) for mail in db.session.scalars(locked)]
    return _take_back([mail for mail, letter in candidates if letter and letter.draft.date < begin])


def _take_back(waiting: Sequence[OutboxMessage]) -> TakenBack:
    """Cancel those of these mails that have not left; return which of them are to be made anew."""
    told = {mail.id: letters.read(mail) for mail in waiting if mail.kind not in OF_STATUS | ASKED_FOR}
    kinds = {mail.id: mail.kind for mail in waiting}
    gone = outbox.take_back_messages(
        select(OutboxMessage.id).where(OutboxMessage.id.in_(kinds)), AbortReason.OUTDATED
    )
    kept = [letter for number in sorted(gone) if (letter := told.get(number))]
    return TakenBack(kept, any(kinds[number] in OF_STATUS for number in gone))


def tell_anew(registration: Registration, taken: TakenBack, *, tells_status: bool, now: datetime) -> None:
    """Queue the mails that were taken back to the registration's new address, then the mail of its present status.

    The present status comes last, because people believe the newest mail: an earlier mail may say that an offer was
    withdrawn, after which the person got another one. Each mail gets a new personal link in place of its former one.
    Without `tells_status` no mail of the status is queued here: a merge needs none where no such mail waited, and an
    unconfirmed person gets one when the caller confirms them. Call after the former links have ended.
    """
    has_status = tells_status and not deadlines.is_past_offer(registration, now)
    if has_status:
        # Settle the person's earlier dead letters first: if a mail cannot be built below, organisers must still see it.
        outbox.settle_failed(registration.id)
    for letter in taken.letters:
        outbox.queue_anew(
            letter,
            recipient=registration.email,
            registration_id=registration.id,
            renew=_renewing(registration, letter, now),
            now=now,
        )
    if has_status:
        why = offers.why_of(registration)
        mails.queue_for_state(registration, why=why, replaces_failed=False, now=now)


def _renewing(registration: Registration, letter: Letter, now: datetime) -> Callable[[str], str]:
    """Return a function that puts a new personal link in place of the former one, which the mail's texts may have."""
    if not links.MANAGING.search(letter.draft.text):
        return str
    link = links.issue_address(registration, TokenPurpose.MANAGE, now=now, language=letter.language)
    return partial(links.MANAGING.sub, link[link.rindex("/r/") :])


def _waiting(
    registration: Registration, by_rule: Collection[str], now: datetime
) -> Sequence[ColumnElement[bool]]:
    """Return the conditions for the mails that wait for the registration's address or have failed to reach it.

    Mails that a restore holds back are not among them: they may have arrived already, and leave only when an operator
    releases them.
    """
    stays = {mails.ADDRESS_LEAVING, *by_rule}
    if deadlines.is_past_offer(registration, now):
        # Leave the mail about the offer to the worker: it gives the person more time if this mail has not left, and
        # then writes to the new address (`expiry`).
        stays.add(OFFERED)
    return (
        OutboxMessage.registration_id == registration.id,
        OutboxMessage.recipient == registration.email,
        OutboxMessage.status.in_((*UNSENT, MessageStatus.FAILED)),
        OutboxMessage.kind.not_in(stays),
        OutboxMessage.next_attempt_at.is_distinct_from(HELD),
    )
