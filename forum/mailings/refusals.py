"""Addresses that get no messages of a category, or none at all: refusing by one press, and undoing that (M06–M08).

Mails about the own registration are never refused. The database stores a keyed digest of a refusing address: so the
refusal outlives the erasure of the person and a new import (M10), and nobody can read from it who the people are.

A refusal belongs to the event whose message the person had, and its digest is made from address and event: a refusal
for all events would show organisers of one that somebody has been at another (S13). A refusal that an earlier version
has stored belongs to no event, still holds for all, and is shown to no organiser. It ends for all when a link of any
event takes it back; refusals of single events are stored beside it meanwhile.
"""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from flask import current_app
from sqlalchemy import ColumnElement, delete, select, update
from sqlalchemy.dialects import postgresql, sqlite

from forum.columns import digest, new_token
from forum.events.models import Event
from forum.extensions import db
from forum.mailings import address_digests
from forum.mailings.enums import BESIDE, Category, LeftOut, Refused
from forum.mailings.mails import OWN_WORDS
from forum.mailings.models import LeaveLink, Mailing, MailingRecipient, MailRefusal
from forum.outbox import actions as outbox
from forum.outbox.enums import AbortReason, MessageStatus
from forum.outbox.models import OutboxMessage
from forum.outbox.queries import UNSENT
from forum.registration.names import canonical_email


@dataclass(frozen=True)
class SentTo:
    """The reader of a sent message, with the message's category and event: whoever refuses messages by its link.

    `own` are the digests of address and event; `for_all` those of the address alone, for refusals of all events. If
    only the reader's link is still stored, address, event and `for_all` are unknown.
    """

    own: Sequence[str]
    category: Category
    address: str = ""
    event_id: int | None = None
    for_all: Sequence[str] = ()

    @property
    def digests(self) -> Sequence[str]:
        """Return all digests under which the reader's refusals of the event's messages may be stored."""
        return [*self.own, *self.for_all]


def reader(event: Event, category: Category) -> Callable[[str], bool]:
    """Return a function that says whether an address refuses the event's messages of the category.

    The address is a canonical one. The database is read once.
    """
    mine = MailRefusal.category.in_(_refusing(category))
    refused = set(db.session.scalars(select(MailRefusal.digest).where(mine)))

    def refuses(address: str) -> bool:
        return bool(refused) and not refused.isdisjoint(address_digests.of_event(event.id, address))

    return refuses


def is_refused(event: Event | None, address: str, category: Category) -> bool:
    """Return whether a canonical address refuses an event's messages of a category; with None, all events' messages."""
    mine = address_digests.of_event(event.id, address) if event else address_digests.of_no_event(address)
    return category in _categories(mine)


def list_of(event_id: int, address: str) -> Sequence[MailRefusal]:
    """Return the stored refusals of a canonical address that concern an event: its own, and those for all events."""
    return _list(address_digests.list_all(event_id, address))


def categories_by(token: str) -> Collection[Category]:
    """Return the categories that the address of the mail with this token refuses; none for an unknown token."""
    known = _find_reader(token)
    return _categories(known.digests) if known else set()


def categories_for_all(token: str) -> Collection[Category]:
    """Return the categories that the token's address refuses for all events: earlier versions stored such refusals."""
    known = _find_reader(token)
    return _categories(known.for_all) if known else set()


def category_of(token: str) -> Category:
    """Return the category of the message whose link has this token; for an unknown token the practical one."""
    known = _find_reader(token)
    return known.category if known else Category.PRACTICAL


def refuse(token: str, what: Refused | None = None, *, now: datetime) -> Collection[Category]:
    """Store that the address of the mail with this token refuses `what`; by default messages of the mail's category.

    Messages to the address that are made already and have not left are taken back. Return the categories that the
    address refuses now. An unknown token changes nothing, and is answered like that of an address without refusals.
    """
    known = _find_reader(token)
    if known is None:
        return {one for one in Category if (what or Refused.PRACTICAL) in _refusing(one)}
    _refuse(known, what or Refused(known.category), now)
    return _categories(known.digests)


def refuse_by(link: LeaveLink, *, now: datetime) -> None:
    """Store that the reader of a mail that is no longer stored refuses messages of the category that `link` names."""
    _refuse(_reader_of(link), Refused(link.category), now)


def refuse_for(recipient: MailingRecipient, *, now: datetime) -> bool:
    """Store that a recipient refuses messages of the mailing's category; return False if the recipient has no mail."""
    known = _find_recipient(MailingRecipient.id == recipient.id)
    if known:
        _refuse(known, Refused(known.category), now)
    return known is not None


def take_back(token: str, category: Category | None = None) -> Collection[Category]:
    """Let the address of the mail with this token get messages of `category` again; by default of the mail's category.

    A refusal for all events ends for all of them. Return the categories that the address still refuses. An unknown
    token changes nothing.
    """
    known = _find_reader(token)
    if known is None:
        return set()
    wanted = category or known.category
    # An address that had refused everything and now accepts this category again goes on refusing the others.
    for whole in [row for row in _list(known.digests) if row.category == Refused.ALL]:
        for other in set(Category) - {wanted}:
            _store(whole.digest, Refused(other), whole.refused_at)
    mine = MailRefusal.digest.in_(known.digests), MailRefusal.category.in_(_refusing(wanted))
    db.session.execute(delete(MailRefusal).where(*mine))
    return _categories(known.digests)


def issue(recipient: MailingRecipient) -> str:
    """Make the token by which the recipient refuses further messages; only its digest is stored. Return the URL."""
    token = new_token()
    recipient.leave_digest = digest(token)
    return address_of(token, recipient.registration.language)


def address_of(token: str, language: str) -> str:
    """Return the URL of the page on which the reader with this token refuses messages."""
    return f"{current_app.config['BASE_URL']}/{language}/r/messages/{token}"


def _refuse(known: SentTo, what: Refused, now: datetime) -> None:
    # Store the refusal of this event's messages even if the address refuses messages of all events: a link of another
    # event can take the refusal for all events back.
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
        if not set(known.digests).isdisjoint(address_digests.list_all(event_id, canonical_email(address)))
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
    unsent = select(OutboxMessage.id).where(*same, OutboxMessage.status.in_((*UNSENT, MessageStatus.FAILED)))
    mine = update(MailingRecipient).where(MailingRecipient.message_id.in_(unsent))
    db.session.execute(mine.values(left_because=LeftOut.UNSUBSCRIBED))
    outbox.take_back_messages(select(OutboxMessage.id).where(*same), AbortReason.NOT_NEEDED)


def _find_reader(token: str) -> SentTo | None:
    """Return the reader of the mail with this token, also if only its link for refusing messages is still stored."""
    known = _find_recipient(MailingRecipient.leave_digest == digest(token))
    link = None if known else db.session.get(LeaveLink, digest(token))
    return _reader_of(link) if link else known


def _reader_of(link: LeaveLink) -> SentTo:
    return SentTo([link.address_digest], link.category)


def _find_recipient(meant: ColumnElement[bool]) -> SentTo | None:
    """Return the reader of the mail of the recipient who meets the condition; None without a mail.

    The refusal concerns the address of the mail, even if the registration has another address by now.
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
    own = address_digests.of_event(sent.event_id, address)
    for_all = address_digests.of_no_event(address)
    return SentTo(own, sent.category, sent.recipient, sent.event_id, for_all)


def _list(digests: Sequence[str]) -> Sequence[MailRefusal]:
    mine = select(MailRefusal).where(MailRefusal.digest.in_(digests))
    return db.session.scalars(mine.order_by(MailRefusal.refused_at)).all()


def _categories(digests: Sequence[str]) -> Collection[Category]:
    stored = {row.category for row in _list(digests)}
    return {category for category in Category if not stored.isdisjoint(_refusing(category))}


def _refusing(category: Category) -> tuple[Refused, Refused]:
    """Return the kinds of refusals that keep messages of this category away: of the category itself, and of all."""
    return Refused.ALL, Refused(category)
