"""Mail addresses and display names that are safe in a mail's headers and envelope."""

from dataclasses import dataclass

from forum.addresses import NotAnAddress, is_unsafe_in_header, split, split_sender
from forum.outbox.errors import UnsafeMessage

MAX_ADDRESS = 320
MAX_NAME = 300


@dataclass(frozen=True)
class Mailbox:
    """A mail address with an optional display name; the domain is in its ASCII form (A-labels), as in DNS (M05)."""

    address: str
    name: str = ""


def mailbox(address: str, name: str = "") -> Mailbox:
    """Return the address and display name as a Mailbox. Raises UnsafeMessage for anything but one address."""
    if len(address) > MAX_ADDRESS or len(name) > MAX_NAME:
        raise UnsafeMessage("the address or the name is too long")
    try:
        local_part, host = split(address)
    except NotAnAddress as refusal:
        raise UnsafeMessage(f"the address {refusal}") from refusal
    return Mailbox(f"{local_part}@{host}", refuse_unsafe(name, "name"))


def parse_mailbox(text: str) -> Mailbox:
    """Parse a setting such as "forum@example.org" or "Forum, the Nordic <forum@example.org>" (F3d)."""
    name, address = split_sender(text)
    return mailbox(address, name)


def refuse_unsafe(text: str, what: str) -> str:
    """Return the text. Raises UnsafeMessage when it could end a header or change its meaning (F2, S36)."""
    if is_unsafe_in_header(text):
        raise UnsafeMessage(f"the {what} holds control characters or an encoded word")
    return text
