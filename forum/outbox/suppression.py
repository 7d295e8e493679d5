"""Addresses that mail to many leaves out, because mail comes back from them or their owners have complained (M09, M10).

The database stores keyed digests of the addresses, so that a mark outlives the person's erasure and does not reveal the
address. Mail about somebody's own registration is still tried (docs/decisions.md).
"""

import hmac
import json
import unicodedata
from collections.abc import Collection, Iterator
from datetime import datetime

from flask import current_app
from sqlalchemy import ColumnElement, delete, select
from sqlalchemy.dialects import postgresql, sqlite

from forum.addresses import NotAnAddress, split
from forum.audit import actions as audit
from forum.extensions import db
from forum.outbox.enums import SuppressionCause
from forum.outbox.suppression_models import SuppressedAddress

# How many addresses one statement looks up: SQLite takes a limited number of values.
ASKED_AT_ONCE = 500


def suppress(address: str, cause: SuppressionCause, *, code: str = "", now: datetime) -> None:
    """Mark an address, in the caller's transaction; an earlier mark gets the new cause."""
    digests = _digests(address)
    if not digests:
        return
    key, digest = next(iter(digests.items()))
    values = {"key": key, "cause": cause, "code": code, "noted_at": now}
    tool = postgresql if db.engine.dialect.name == "postgresql" else sqlite
    insert = tool.insert(SuppressedAddress).values(digest=digest, **values)
    db.session.execute(insert.on_conflict_do_update(index_elements=["digest"], set_=values))


def lift(address: str, *, cause: SuppressionCause | None = None) -> bool:
    """Delete the mark of an address, if it has one (for this cause, if one is given); return whether it had."""
    mine = _is_marked(address)
    if cause is not None:
        mine &= SuppressedAddress.cause == cause
    gone = delete(SuppressedAddress).where(mine).returning(SuppressedAddress.digest)
    return bool(db.session.scalars(gone).all())


def find(address: str) -> SuppressedAddress | None:
    """Return the mark of an address, or None."""
    newest = SuppressedAddress.noted_at.desc()
    return db.session.scalars(select(SuppressedAddress).where(_is_marked(address)).order_by(newest)).first()


def is_suppressed(address: str) -> bool:
    """Return whether mail to many must leave the address out."""
    return find(address) is not None


def list_suppressed(addresses: Collection[str]) -> set[str]:
    """Return those of the addresses that mail to many must leave out, as they were given."""
    meant = [(digest, address) for address in addresses for digest in _digests(address).values()]
    marked: set[str] = set()
    for start in range(0, len(meant), ASKED_AT_ONCE):
        some = [digest for digest, _address in meant[start : start + ASKED_AT_ONCE]]
        query = select(SuppressedAddress.digest).where(SuppressedAddress.digest.in_(some))
        marked.update(db.session.scalars(query))
    return {address for digest, address in meant if digest in marked}


def _is_marked(address: str) -> ColumnElement[bool]:
    return SuppressedAddress.digest.in_(_digests(address).values())


def _digests(address: str) -> dict[str, str]:
    """Return the digests of an address by the names of the keys that make them, the newest key first.

    Spellings of one address have one digest. A text that is no address has none.
    """
    try:
        local_part, host = split(unicodedata.normalize("NFC", address.strip()))
    except NotAnAddress:
        return {}
    return dict(_digested(f"{local_part.lower()}@{host}"))


def _digested(canonical: str) -> Iterator[tuple[str, str]]:
    message = json.dumps(["suppressed address", canonical]).encode()
    for key in current_app.config["DATA_KEYS"]["audit"]:
        yield audit.key_name(key), hmac.digest(key, message, "sha256").hex()
