"""Addresses that get no messages of a category, or none at all: refusing by one press, and undoing that (M06–M08).

Mails about the own registration are never refused. The database stores a keyed digest of a refusing address: so the
refusal outlives the erasure of the person and a new import (M10), and nobody can read from it who the people are.

A refusal belongs to the event whose message the person had, and its digest is made from address and event: a refusal
for all events would show organisers of one that somebody has been at another (S13). A refusal that an earlier version
has stored belongs to no event, still holds for all, and is shown to no organiser. It ends for all when a link of any
event takes it back; what is refused of one event meanwhile is stored beside it.
"""

import hmac
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any

from flask import current_app
from sqlalchemy import ColumnElement, delete, insert, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite

from forum.columns import digest, new_token
from forum.events.models import Event
from forum.extensions import db
from forum.mailings.enums import BESIDE, Category, LeftOut, Refused
from forum.mailings.mails import OWN_WORDS
from forum.mailings.models import LeaveLink, Mailing, MailingRecipient, MailRefusal
from forum.outbox import actions as outbox
from forum.outbox import return_paths
from forum.outbox.enums import AbortReason
from forum.outbox.models import OutboxMessage
from forum.outbox.queries import UNSENT
from forum.registration.models import Registration
from forum.registration.names import canonical_email

# How long after the event its messages can be refused by links that have outlived their mails.
LINKS_KEPT = timedelta(days=365)


@dataclass(frozen=True)
class SentTo:
    """The reader of a sent message: digests of the address for its event, the message's category, and the address.

    `for_all` are the address's digests that belong to no event. Of a reader of whom only a link is still stored, none
    of them is known, nor the address and the event.
    """

    own: Sequence[str]
    category: Category
    address: str = ""
    event_id: int | None = None
    for_all: Sequence[str] = ()

    @property
    def digests(self) -> Sequence[str]:
        """Return the digests by which the reader may refuse the event's messages."""
        return [*self.own, *self.for_all]


def reader(event: Event, category: Category) -> Callable[[str], bool]:
    """Return a function that says whether an address refuses the event's messages of the category.

    The address is a canonical one. The database is read once.
    """
    mine = MailRefusal.category.in_(_refusing(category))
    refused = set(db.session.scalars(select(MailRefusal.digest).where(mine)))
    return lambda address: bool(refused) and not refused.isdisjoint(_digests(event.id, address))


def is_refused(event: Event | None, address: str, category: Category) -> bool:
    """Return whether a canonical address refuses an event's messages of this category; without event, those of all."""
    return category in _categories(_digests(event.id if event else None, address))


def list_of(event_id: int, address: str) -> Sequence[MailRefusal]:
    """Return what a canonical address refuses of an event, and of all events."""
    return _list(_every_digest(event_id, address))


def categories_by(token: str) -> Collection[Category]:
    """Return the categories that the address of the mail with this token refuses; none for an unknown token."""
    known = _find_reader(token)
    return _categories(known.digests) if known else set()


def categories_for_all(token: str) -> Collection[Category]:
    """Return those of `categories_by` that the address refuses for all events, by a refusal of an earlier version."""
    known = _find_reader(token)
    return _categories(known.for_all) if known else set()


def refuse(token: str, what: Refused | None = None, *, now: datetime) -> Collection[Category]:
    """Refuse further messages to the address of the mail with this token: of the mail's category, or `what`.

    Messages to the address that are made already and have not left are taken back. Return the categories that the
    address refuses now. An unknown token changes nothing, and is answered as that of an address that refused nothing.
    """
    known = _find_reader(token)
    if known is None:
        return {one for one in Category if (what or Refused.PRACTICAL) in _refusing(one)}
    _refuse(known, what or Refused(known.category), now)
    return _categories(known.digests)


def refuse_by(link: LeaveLink, *, now: datetime) -> None:
    """Refuse messages of the category of a sent mail, of which only this link is still stored."""
    _refuse(_reader_of(link), Refused(link.category), now)


def find_link(mark: bytes) -> LeaveLink | None:
    """Return the link whose mark an address for refusing contains, among the links that have outlived their mails."""
    links = db.session.scalars(select(LeaveLink).execution_options(yield_per=500))
    return next((link for link in links if return_paths.mark_of(link.digest) == mark), None)


def refuse_for(recipient: MailingRecipient, *, now: datetime) -> bool:
    """Refuse, for a recipient's address, further messages of their mail's category; return whether there is a mail."""
    known = _find_recipient(MailingRecipient.id == recipient.id)
    if known:
        _refuse(known, Refused(known.category), now)
    return known is not None


def take_back(token: str, category: Category | None = None) -> Collection[Category]:
    """Let the address of the mail with this token get a category again: the mail's own, or `category`.

    A refusal that holds for all events ends for all. Return the categories that the address refuses still. An unknown
    token changes nothing.
    """
    known = _find_reader(token)
    if known is None:
        return set()
    wanted = category or known.category
    # Whoever refused everything keeps refusing the other categories.
    for whole in [row for row in _list(known.digests) if row.category == Refused.ALL]:
        for other in set(Category) - {wanted}:
            _store(whole.digest, Refused(other), whole.refused_at)
    mine = MailRefusal.digest.in_(known.digests), MailRefusal.category.in_(_refusing(wanted))
    db.session.execute(delete(MailRefusal).where(*mine))
    return _categories(known.digests)


def digest_of(event_id: int, address: str) -> str:
    """Return the keyed digest by which a canonical address is remembered for an event from now on."""
    return _digests(event_id, address)[0]


def issue(recipient: MailingRecipient) -> str:
    """Make the token by which the recipient refuses further messages; only its digest is stored. Return the URL."""
    token = new_token()
    recipient.leave_digest = digest(token)
    return address_of(token, recipient.registration.language)


def links_of(*which: ColumnElement[bool]) -> dict[str, dict[str, Any]]:
    """Return what outlives the mails of these recipients, by the digests of the mails' links, for `keep_links`."""
    columns = (MailingRecipient.leave_digest, OutboxMessage.recipient, Mailing.event_id, Mailing.category)
    made = select(*columns).join(OutboxMessage, OutboxMessage.id == MailingRecipient.message_id)
    made = made.join(MailingRecipient.mailing).where(MailingRecipient.leave_digest.is_not(None))
    return {
        link: {"address_digest": digest_of(event_id, canonical_email(address)), "category": category}
        for link, address, event_id, category in db.session.execute(made.where(*which))
        if link
    }


def keep_links_of(registration: Registration) -> None:
    """Let the links in a person's mails refuse messages for a year after the event, although the person is erased.

    Whoever reads an old mail then must not get another one because the address is entered again (M07, M10).
    """
    mine = MailingRecipient.registration_id == registration.id
    may_have_left = or_(OutboxMessage.attempts > 0, OutboxMessage.sent_at.is_not(None))
    keep_links(registration.event, links_of(mine, may_have_left))


def keep_links(event: Event, links: Mapping[str, Mapping[str, Any]]) -> None:
    """Let links refuse messages for a year after the event, although nothing else belongs to them any more."""
    # Store the links sorted by their digests, so that their order does not tell which links belong to one message.
    rows = [{"digest": one, **links[one], "ends_at": event.ends_at + LINKS_KEPT} for one in sorted(links)]
    if rows:
        db.session.execute(insert(LeaveLink), rows)


def address_of(token: str, language: str) -> str:
    """Return the URL of the page on which messages are refused."""
    return f"{current_app.config['BASE_URL']}/{language}/r/messages/{token}"


def _refuse(known: SentTo, what: Refused, now: datetime) -> None:
    # Another event's link may take a refusal for all events back: so that one does not stand in for this event's own.
    if what in {row.category for row in _list(known.own)}:
        return
    _store(known.own[0], what, now)
    for event_id, address in _list_concerned(known):
        _take_back_unsent(event_id, address, [one for one in Category if what in _refusing(one)])


def _list_concerned(known: SentTo) -> list[tuple[int | None, str]]:
    """Return the events and addresses whose unsent messages a refusal of this reader concerns."""
    if known.address:
        return [(known.event_id, known.address)]
    unsent = OutboxMessage.kind == OWN_WORDS, OutboxMessage.status.in_(UNSENT)
    each = db.session.execute(
        select(OutboxMessage.event_id, OutboxMessage.recipient).where(*unsent).distinct()
    )
    return [
        (event_id, address)
        for event_id, address in each.all()
        if not set(known.digests).isdisjoint(_every_digest(event_id, canonical_email(address)))
    ]


def _store(address_digest: str, what: Refused, now: datetime) -> None:
    tool = postgresql if db.engine.dialect.name == "postgresql" else sqlite
    values = {"category": what, "digest": address_digest, "refused_at": now}
    # Accept a row that exists already: a mail program and its reader may send the refusal at the same moment.
    db.session.execute(tool.insert(MailRefusal).values(**values).on_conflict_do_nothing())


def _take_back_unsent(event_id: int | None, address: str, categories: Sequence[Category]) -> None:
    of_these = select(MailingRecipient.message_id).join(MailingRecipient.mailing)
    of_these = of_these.where(Mailing.category.in_(categories), MailingRecipient.message_id.is_not(None))
    of_these = of_these.where(Mailing.event_id == event_id)
    same = (
        OutboxMessage.recipient == address,
        OutboxMessage.kind == OWN_WORDS,
        OutboxMessage.id.in_(of_these),
    )
    unsent = select(OutboxMessage.id).where(*same, OutboxMessage.status.in_(UNSENT))
    mine = update(MailingRecipient).where(MailingRecipient.message_id.in_(unsent))
    db.session.execute(mine.values(left_because=LeftOut.UNSUBSCRIBED))
    outbox.take_back_messages(select(OutboxMessage.id).where(*same), AbortReason.NOT_NEEDED)


def _find_reader(token: str) -> SentTo | None:
    """Return the reader of the mail with this token, also where only the mail's link for refusing is still stored."""
    known = _find_recipient(MailingRecipient.leave_digest == digest(token))
    link = None if known else db.session.get(LeaveLink, digest(token))
    return _reader_of(link) if link else known


def _reader_of(link: LeaveLink) -> SentTo:
    return SentTo([link.address_digest], link.category)


def _find_recipient(meant: ColumnElement[bool]) -> SentTo | None:
    """Return the reader of the mail of the chosen recipient; None if there is no mail.

    The address is that of the mail: the registration may have another by now, which a refusal does not concern.
    """
    mine = meant, MailingRecipient.status.not_in(BESIDE)
    query = (
        select(OutboxMessage.recipient, Mailing.category, Mailing.event_id)
        .join(MailingRecipient, MailingRecipient.message_id == OutboxMessage.id)
        .join(MailingRecipient.mailing)
    )
    sent = db.session.execute(query.where(*mine)).first()
    if sent is None:
        return None
    address = canonical_email(sent.recipient)
    own, for_all = _digests(sent.event_id, address), _digests(None, address)
    return SentTo(own, sent.category, sent.recipient, sent.event_id, for_all)


def _list(digests: Sequence[str]) -> Sequence[MailRefusal]:
    mine = select(MailRefusal).where(MailRefusal.digest.in_(digests))
    return db.session.scalars(mine.order_by(MailRefusal.refused_at)).all()


def _categories(digests: Sequence[str]) -> Collection[Category]:
    stored = {row.category for row in _list(digests)}
    return {category for category in Category if not stored.isdisjoint(_refusing(category))}


def _refusing(category: Category) -> tuple[Refused, Refused]:
    """Return what an address refuses so that it gets nothing of this category."""
    return Refused.ALL, Refused(category)


def _every_digest(event_id: int | None, address: str) -> list[str]:
    """Return the address's digests for an event, the present key's first, and those that belong to no event."""
    return [*_digests(event_id, address), *_digests(None, address)]


def _digests(event_id: int | None, address: str) -> list[str]:
    """Return the address's digest for an event, or for none, under each audit key, the present one first."""
    said = (f"messages:{address}" if event_id is None else f"messages of event {event_id}:{address}").encode()
    return [hmac.new(key, said, sha256).hexdigest() for key in current_app.config["DATA_KEYS"]["audit"]]
