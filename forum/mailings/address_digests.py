"""Keyed digests by which an address that refuses messages is remembered, for one event or for all (M10, S13).

Nobody can tell from a digest which address it stands for. The digest for an event is made from address and event, so
two rows tell nobody that one address refuses messages of two events.
"""

import hmac
from hashlib import sha256

from flask import current_app


def of_event(event_id: int, address: str) -> list[str]:
    """Return the digests by which a canonical address may have refused an event's messages, the present one first.

    Among them are the digests that `narrowed` makes of a digest stored with a link.
    """
    own = _under_each_key(f"messages of event {event_id}:{address}")
    return [*own, *(narrowed(event_id, one) for one in (*own, *of_no_event(address)))]


def of_no_event(address: str) -> list[str]:
    """Return the digests by which an earlier version remembered a canonical address, for all events."""
    return _under_each_key(f"messages:{address}")


def list_all(event_id: int | None, address: str) -> list[str]:
    """Return the canonical address's digests for an event, and those that belong to no event."""
    return [*(of_event(event_id, address) if event_id is not None else ()), *of_no_event(address)]


def narrowed(event_id: int, stored: str) -> str:
    """Return the digest by which the address behind a stored digest refuses the event's messages.

    The stored digest, which a link has, is of this event or of none. The address cannot be told from that digest, so
    the event's usual digest, which is made from the address, cannot be made.
    """
    return sha256(f"{event_id}:{stored}".encode()).hexdigest()


def _under_each_key(said: str) -> list[str]:
    """Return the keyed digest of the text under each audit key, the present one first."""
    keys = current_app.config["DATA_KEYS"]["audit"]
    return [hmac.new(key, said.encode(), sha256).hexdigest() for key in keys]
