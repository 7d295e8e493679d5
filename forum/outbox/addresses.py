"""Mail addresses and the names before them, as they may stand in a header or an envelope."""

import re
from dataclasses import dataclass

import idna

from forum.outbox.errors import UnsafeMessage

MAX_ADDRESS = 320
MAX_NAME = 300
ATEXT = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~\u00a1-\U0010ffff-]"
LOCAL_PART = re.compile(rf"{ATEXT}+(\.{ATEXT}+)*")
HOST = re.compile(r"[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*")
UNSAFE = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
ENCODED_WORD = ("=?", "?=")  # how one begins and ends (RFC 2047)
NAMED = re.compile(r"(?P<name>.*)<(?P<address>[^<>]*)>\s*")


@dataclass(frozen=True)
class Mailbox:
    """A person's or an office's address; its domain in A-labels, as servers know it (M05)."""

    address: str
    name: str = ""


def mailbox(address: str, name: str = "") -> Mailbox:
    """Return the address with its name. Raises UnsafeMessage for what cannot be one mailbox."""
    local_part, _, domain = refuse_unsafe(address, "address").rpartition("@")
    if not LOCAL_PART.fullmatch(local_part) or len(address) > MAX_ADDRESS:
        raise UnsafeMessage("the address is not a mail address")
    if len(refuse_unsafe(name, "name")) > MAX_NAME:
        raise UnsafeMessage("the name is too long")
    return Mailbox(f"{local_part}@{_host(domain)}", name)


def parse_mailbox(text: str) -> Mailbox:
    """Return the mailbox of a setting: "forum@example.org" or "Forum, the Nordic <forum@example.org>" (F3d)."""
    if found := NAMED.fullmatch(text):
        return mailbox(found["address"].strip(), _unquoted(found["name"].strip()))
    return mailbox(text.strip())


def refuse_unsafe(text: str, what: str) -> str:
    """Return the text; raises UnsafeMessage when a header could end in it or mean something else (F2, S36)."""
    if UNSAFE.search(text) or _holds_encoded_word(text):
        raise UnsafeMessage(f"the {what} holds control characters or an encoded word")
    return text


def _holds_encoded_word(text: str) -> bool:
    """Looked for by hand: a pattern would try every beginning with every end (S35)."""
    begin, end = ENCODED_WORD
    _, found, rest = text.partition(begin)
    return bool(found) and end in rest


def _host(domain: str) -> str:
    try:
        host = domain.lower() if domain.isascii() else idna.encode(domain, uts46=True).decode()
    except idna.IDNAError as refusal:
        raise UnsafeMessage("the address's domain is not a domain name") from refusal
    if not HOST.fullmatch(host) or len(host) > 253:
        raise UnsafeMessage("the address's domain is not a domain name")
    return host


def _unquoted(name: str) -> str:
    if len(name) >= 2 and name[0] == name[-1] == '"':
        return re.sub(r"\\(.)", r"\1", name[1:-1])
    return name
