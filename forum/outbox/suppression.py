"""Addresses that mail to many leaves out, because mail comes back from them or their owners have complained (M09, M10).

The database stores keyed digests of the addresses, so that a mark outlives the person's erasure and does not reveal the
address. A mark belongs to the event whose mail caused it, and its digest is made from address and event: organisers of
another event must not learn from it that somebody has been at this one (S13). A mail that belongs to no event, such as
one of accounts, marks nothing. A mark that belongs to no event, which an earlier version made, is heeded for all events
and shown to nobody.

Mail about somebody's own registration is still tried (docs/decisions.md).
"""

import hmac
import json
import unicodedata
from collections.abc import Collection, Iterator
from datetime import datetime

from flask import current_app
from sqlalchemy import ColumnElement, delete, or_, select
from sqlalchemy.dialects import postgresql, sqlite

from forum.addresses import NotAnAddress, split
from forum.audit import actions as audit
from forum.extensions import db
from forum.outbox.enums import SuppressionCause
from forum.outbox.suppression_models import SuppressedAddress

# How many addresses one statement looks up: SQLite takes a limited number of values.
ASKED_AT_ONCE = 500


def suppress(
    address: str, cause: SuppressionCause, *, event_id: int | None, code: str = "", now: datetime
) -> None:
    """Mark an address for the event of a mail, in the caller's transaction; an earlier mark gets the new cause.

    A mail that belongs to no event marks nothing: messages to many are those of an event.
    """
    digests = _digests(address, event_id)
    if event_id is None or not digests:
        return
    key, digest = next(iter(digests.items()))
    values = {"key": key, "cause": cause, "code": code, "noted_at": now}
    tool = postgresql if db.engine.dialect.name == "postgresql" else sqlite
    insert = tool.insert(SuppressedAddress).values(digest=digest, **values)
    db.session.execute(insert.on_conflict_do_update(index_elements=["digest"], set_=values))


def lift(address: str, *, event_id: int, cause: SuppressionCause) -> bool:
    """Delete an address's marks with this cause: the one for an event, and the one that belongs to none.

    Return whether a mark was deleted. Marks for other events stay: their organisers would notice that they are gone.
    """
    mine = or_(_is_marked(address, event_id), _is_marked(address, None))
    mine &= SuppressedAddress.cause == cause
    gone = delete(SuppressedAddress).where(mine).returning(SuppressedAddress.digest)
    return bool(db.session.scalars(gone).all())


def find(address: str, event_id: int | None) -> SuppressedAddress | None:
    """Return the address's mark for this event or, without an event, its mark for no event; None without a mark."""
    mine = select(SuppressedAddress).where(_is_marked(address, event_id))
    return db.session.scalars(mine.order_by(SuppressedAddress.noted_at.desc())).first()


def find_all(address: str, event_id: int) -> list[SuppressedAddress]:
    """Return the marks of an address that an event's mails to many heed: the event's own, and the one of no event."""
    return [mark for scope in (event_id, None) if (mark := find(address, scope))]


def list_suppressed(addresses: Collection[str], event_id: int | None) -> set[str]:
    """Return the addresses, spelled as given, with a mark for this event or, without an event, a mark for no event."""
    meant = [(digest, address) for address in addresses for digest in _digests(address, event_id).values()]
    marked: set[str] = set()
    for start in range(0, len(meant), ASKED_AT_ONCE):
        some = [digest for digest, _address in meant[start : start + ASKED_AT_ONCE]]
        query = select(SuppressedAddress.digest).where(SuppressedAddress.digest.in_(some))
        marked.update(db.session.scalars(query))
    return {address for digest, address in meant if digest in marked}


def _is_marked(address: str, event_id: int | None) -> ColumnElement[bool]:
    return SuppressedAddress.digest.in_(_digests(address, event_id).values())


def _digests(address: str, event_id: int | None) -> dict[str, str]:
    """Return the digests of an address by the names of the keys that make them, the newest key first.

    Spellings of one address have one digest. A text that is no address has none.
    """
    try:
        local_part, host = split(unicodedata.normalize("NFC", address.strip()))
    except NotAnAddress:
        return {}
    return dict(_digested(f"{local_part.lower()}@{host}", event_id))


def _digested(canonical: str, event_id: int | None) -> Iterator[tuple[str, str]]:
    said = ["suppressed address", canonical, *([] if event_id is None else [event_id])]
    message = json.dumps(said).encode()
    for key in current_app.config["DATA_KEYS"]["audit"]:
        yield audit.key_name(key), hmac.digest(key, message, "sha256").hex()
