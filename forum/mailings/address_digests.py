"""Keyed digests by which an address that refuses messages is remembered, for one event or for all (M10, S13).

Nobody can tell from a digest which address it stands for. The digest for an event is made from address and event, so
two rows tell nobody that one address refuses messages of two events.
"""

import hmac
from hashlib import sha256

from flask import current_app


def of_event(event_id: int, address: str) -> list[str]:
    """Return the digests by which a canonical address may have refused an event's messages, the present one first."""
    return _under_each_key(f"messages of event {event_id}:{address}")


def of_no_event(address: str) -> list[str]:
    """Return the digests by which an earlier version remembered a canonical address, for all events."""
    return _under_each_key(f"messages:{address}")


def list_all(event_id: int | None, address: str) -> list[str]:
    """Return the canonical address's digests for an event, and those that belong to no event."""
    return [*(of_event(event_id, address) if event_id is not None else ()), *of_no_event(address)]


def _under_each_key(said: str) -> list[str]:
    """Return the keyed digest of the text under each audit key, the present one first."""
    keys = current_app.config["DATA_KEYS"]["audit"]
    return [hmac.new(key, said.encode(), sha256).hexdigest() for key in keys]
