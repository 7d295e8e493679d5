"""Who sends a form, as far as it bounds what the form may do; nothing of it says who somebody is."""

from collections.abc import Callable
from dataclasses import dataclass

MayMail = Callable[[str], bool]


def always(_address: str) -> bool:
    """Let every message leave: nobody has to be kept from asking."""
    return True


@dataclass(frozen=True)
class Sender:
    """A client that sends a form, with its bounds.

    `may_mail` counts a message that is asked for to an address, and returns whether it may leave. `client` is a keyed
    digest of the network address; at most `most_held` places that nobody has confirmed yet are held for one client.
    """

    may_mail: MayMail = always
    client: str | None = None
    most_held: int = 0


UNBOUNDED = Sender()
