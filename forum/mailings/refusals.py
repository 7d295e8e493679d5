"""Addresses that get no messages from organisers any more: refusing by pressing one button, and undoing that (M06–M08).

Mails about the own registration are never refused. The database stores a keyed digest of a refusing address: so the
refusal outlives the erasure of the person and a new import (M10), and nobody can read from it who the people are.
"""

import hmac
from collections.abc import Callable, Sequence
from datetime import datetime
from hashlib import sha256

from flask import current_app
from sqlalchemy import ColumnElement, delete, select, update
from sqlalchemy.dialects import postgresql, sqlite

from forum.columns import digest, new_token
from forum.extensions import db
from forum.mailings.enums import Category, LeftOut, RecipientStatus
from forum.mailings.mails import OWN_WORDS
from forum.mailings.models import LeaveLink, MailingRecipient, MailRefusal
from forum.outbox import actions as outbox
from forum.outbox import return_paths
from forum.outbox.enums import AbortReason
from forum.outbox.models import OutboxMessage
from forum.outbox.queries import UNSENT
from forum.registration.names import canonical_email


def reader() -> Callable[[str], bool]:
    """Return a function that says whether a canonical address refuses messages; it reads the database once."""
    refused = set(db.session.scalars(select(MailRefusal.digest).where(_MINE)))
    return lambda address: bool(refused) and not refused.isdisjoint(_digests(address))


def is_refused(address: str) -> bool:
    """Return whether a canonical address refuses messages from organisers."""
    mine = MailRefusal.digest.in_(_digests(address))
    return db.session.scalar(select(MailRefusal.digest).where(_MINE, mine).limit(1)) is not None


def list_of(address: str) -> Sequence[MailRefusal]:
    """Return what a canonical address refuses."""
    mine = MailRefusal.digest.in_(_digests(address))
    return db.session.scalars(select(MailRefusal).where(mine).order_by(MailRefusal.refused_at)).all()


def refuse(token: str, *, now: datetime) -> None:
    """Refuse further messages to the address of the mail with this token; an unknown token changes nothing.

    Messages to the address that are made already and have not left are taken back.
    """
    if address := _find_address(MailingRecipient.leave_digest == digest(token)):
        _refuse(address, now)
    elif link := db.session.get(LeaveLink, digest(token)):
        refuse_by(link, now=now)


def refuse_by(link: LeaveLink, *, now: datetime) -> None:
    """Refuse further messages to the address of a mail of which nothing but this link remains."""
    _add(link.address_digest, now)
    unsent = OutboxMessage.kind == OWN_WORDS, OutboxMessage.status.in_(UNSENT)
    for address in db.session.scalars(select(OutboxMessage.recipient).where(*unsent).distinct()).all():
        if link.address_digest in _digests(canonical_email(address)):
            _take_back_unsent(address)


def find_link(mark: bytes) -> LeaveLink | None:
    """Return the link to which the mark in an address for refusing belongs, of those that have outlived their mails."""
    links = db.session.scalars(select(LeaveLink).execution_options(yield_per=500))
    return next((link for link in links if return_paths.mark_of(link.digest) == mark), None)


def refuse_for(recipient: MailingRecipient, *, now: datetime) -> bool:
    """Refuse further messages to the address of the recipient's mail, as `refuse`; return whether there is a mail."""
    address = _find_address(MailingRecipient.id == recipient.id)
    if address:
        _refuse(address, now)
    return bool(address)


def take_back(token: str) -> None:
    """Let the address of the mail with this token get messages again; an unknown token changes nothing."""
    if address := _find_address(MailingRecipient.leave_digest == digest(token)):
        _remove(_digests(canonical_email(address)))
    elif link := db.session.get(LeaveLink, digest(token)):
        _remove([link.address_digest])


def digest_of(address: str) -> str:
    """Return the keyed digest by which a canonical address is remembered from now on."""
    return _digests(address)[0]


def issue(recipient: MailingRecipient) -> str:
    """Make the token by which the recipient refuses further messages; only its digest is stored. Return the URL."""
    token = new_token()
    recipient.leave_digest = digest(token)
    return address_of(token, recipient.registration.language)


def address_of(token: str, language: str) -> str:
    """Return the URL of the page on which messages are refused."""
    return f"{current_app.config['BASE_URL']}/{language}/r/messages/{token}"


_MINE = MailRefusal.category == Category.MESSAGES


def _refuse(address: str, now: datetime) -> None:
    if is_refused(canonical_email(address)):
        return
    _add(digest_of(canonical_email(address)), now)
    _take_back_unsent(address)


def _add(address_digest: str, now: datetime) -> None:
    tool = postgresql if db.engine.dialect.name == "postgresql" else sqlite
    values = {"category": Category.MESSAGES, "digest": address_digest, "refused_at": now}
    # Accept a row that exists already: a mail program and its reader may send the refusal at the same moment.
    db.session.execute(tool.insert(MailRefusal).values(**values).on_conflict_do_nothing())


def _remove(digests: Sequence[str]) -> None:
    db.session.execute(delete(MailRefusal).where(_MINE, MailRefusal.digest.in_(digests)))


def _take_back_unsent(address: str) -> None:
    same = OutboxMessage.recipient == address, OutboxMessage.kind == OWN_WORDS
    unsent = select(OutboxMessage.id).where(*same, OutboxMessage.status.in_(UNSENT))
    mine = update(MailingRecipient).where(MailingRecipient.message_id.in_(unsent))
    db.session.execute(mine.values(left_because=LeftOut.UNSUBSCRIBED))
    outbox.take_back_messages(select(OutboxMessage.id).where(*same), AbortReason.NOT_NEEDED)


def _find_address(meant: ColumnElement[bool]) -> str:
    """Return the address to which the mail of the chosen recipient was sent; "" if there is none.

    By now the registration may have another address. A refusal does not concern that one.
    """
    mine = meant, MailingRecipient.status != RecipientStatus.CHOSEN
    query = select(OutboxMessage.recipient).join(
        MailingRecipient, MailingRecipient.message_id == OutboxMessage.id
    )
    return db.session.scalar(query.where(*mine)) or ""


def _digests(address: str) -> list[str]:
    """Return the address's digest under each audit key, the present one first."""
    said = f"{Category.MESSAGES}:{address}".encode()
    return [hmac.new(key, said, sha256).hexdigest() for key in current_app.config["DATA_KEYS"]["audit"]]
