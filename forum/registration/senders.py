"""The client that sends a form, and its limits; nothing here identifies a person."""

from collections.abc import Callable
from dataclasses import dataclass

MayMail = Callable[[str], bool]


def always(_address: str) -> bool:
    """Allow every message, for senders without limits."""
    return True


@dataclass(frozen=True)
class Sender:
    """A client that sends a form, with its limits.

    `may_mail` counts a message requested for an address, and returns whether it may be sent. `client` is a keyed
    digest of the network address; at most `most_held` unconfirmed places are held for one client.
    """

    may_mail: MayMail = always
    client: str | None = None
    most_held: int = 0


UNBOUNDED = Sender()
