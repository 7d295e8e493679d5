"""Reading the reports of mail servers: what could not be delivered (RFC 3464), and complaints (RFC 5965).

Anybody can send such a mail, so nothing in it is believed but the token on the envelope of the mail in question; its
Message-ID only where the forum has no address for tokens (`return_paths`).
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from email import message_from_bytes, policy
from email.message import Message
from email.parser import BytesHeaderParser, HeaderParser
from enum import StrEnum

# Read at most this much of a report. The mail server's words come first, and then the returned mail.
LONGEST = 256 * 1024
LONGEST_WORDS = 400
LONGEST_HEADER = 2_000
PARTS, RECIPIENTS = 20, 20
# A mail with "multipart/" more than 20 times is not read: Python's parser compares each line with the boundary of each
# level, so 256 KiB of short lines in 400 levels would take seconds.
MULTIPART, MULTIPARTS = re.compile(rb"multipart/", re.IGNORECASE), 20
DELIVERY_STATUS = {"message/delivery-status", "message/global-delivery-status"}
RETURNED = {"message/rfc822", "message/global"}
RETURNED_HEADERS = {"text/rfc822-headers", "message/global-headers"}
ADDRESSED_TO = ("To", "Delivered-To", "X-Original-To", "Envelope-To")
# The headers that say which address a report is about: in the report, in a complaint, and in the returned mail.
ADDRESSED = (*ADDRESSED_TO, "Original-Mail-From", "Return-Path")
CODE = re.compile(r"(?<![\d.])([245])[.](\d{1,3})[.](\d{1,3})(?![\d.])")
MESSAGE_ID = re.compile(r"<[^<>@\s]{1,120}@[^<>@\s]{1,120}>")
# Status codes by which an address cannot be written to (RFC 3463, 3.2 to 3.5; RFC 7505): no such mailbox, no such
# domain, wrong syntax, mailbox moved, a domain without mail, mailbox disabled, a domain that leads nowhere.
ABOUT_ADDRESS = {"5.1.1", "5.1.2", "5.1.3", "5.1.6", "5.1.10", "5.2.1", "5.4.4"}
COMPLAINTS = {"abuse", "fraud", "opt-out", "opt-out-list"}
PERMANENT, GENERAL = "5", "0.0"


class _Bounded(Message):
    """A mail whose long headers count as having no parameters: to read those of 256 KiB takes Python 20 seconds."""

    def get_param(self, param, failobj=None, header="content-type", unquote=True):
        """Return the parameter of a header; `failobj` if there is none, or the header is too long."""
        if len(str(self.get(header, ""))) > LONGEST_HEADER:
            return failobj
        return super().get_param(param, failobj, header, unquote)


class Outcome(StrEnum):
    """What a mail server's report says about a mail."""

    ADDRESS_GONE = "address_gone"
    NOT_DELIVERED = "not_delivered"
    DELAYED = "delayed"
    COMPLAINT = "complaint"


@dataclass(frozen=True)
class Report:
    """A report: its outcome, the status code ("" for none), and texts that say which mail is meant.

    `addressed` may hold the address on the mail's envelope, `message_ids` its Message-ID. The server's own words are
    left out: they may name the real address or the real name of somebody who uses an alias (P21, P22).
    """

    outcome: Outcome
    code: str
    addressed: str
    message_ids: tuple[str, ...]


def read(raw: bytes) -> Report | None:
    """Return the report in a mail; None for any other mail, such as an automatic answer. Raises nothing."""
    raw = raw[:LONGEST]
    if len(MULTIPART.findall(raw)) > MULTIPARTS:
        return None
    try:
        mail = message_from_bytes(raw, _Bounded, policy=policy.compat32)
        return _read(mail)
    # Anybody may send any mail, and the parser fails in several ways: too many levels, unknown characters.
    except Exception:
        return None


def addressed_to(raw: bytes) -> str:
    """Return the addresses to which a mail came, as its own headers say. Raises nothing."""
    try:
        mail = BytesHeaderParser(policy=policy.compat32).parsebytes(raw[:LONGEST])
        return " ".join(text for name in ADDRESSED_TO for text in _values(mail, name))
    # Anybody may send any mail, and the parser fails in several ways.
    except Exception:
        return ""


def code_in(text: str) -> str:
    """Return the status code (RFC 3463) in a mail server's words, as in "550 5.1.1 nobody here"; "" for none."""
    code = CODE.search(text)
    return ".".join(str(int(number)) for number in code.groups()) if code else ""


def is_about_address(code: str) -> bool:
    """Return whether a status code says that nobody can be written to at the address."""
    return code in ABOUT_ADDRESS


def _read(mail: Message) -> Report | None:
    parts = _parts(mail)
    for part in parts:
        if part.get_content_type() in DELIVERY_STATUS:
            outcome, code = _worst(part)
            break
        if part.get_content_type() == "message/feedback-report":
            outcome, code = _complaint(part), ""
            break
    else:
        return None
    headers = [mail, *_blocks(part), *_returned(parts)]
    addressed = " ".join(text for block in headers for name in ADDRESSED for text in _values(block, name))
    named = " ".join(text for block in headers[1:] for text in _values(block, "Message-ID"))
    if outcome is None:
        return None
    return Report(outcome, code, addressed, tuple(dict.fromkeys(MESSAGE_ID.findall(named)))[:PARTS])


def _parts(mail: Message) -> list[Message]:
    """Return the parts of the mail itself, without those of an enclosed mail, which may be somebody else's report."""
    payload = mail.get_payload()
    if not mail.is_multipart() or not isinstance(payload, list):
        return []
    return [part for part in payload[:PARTS] if isinstance(part, Message)]


def _worst(part: Message) -> tuple[Outcome | None, str]:
    """Return the outcome for the recipient to whom the worst happened, with the status code."""
    worst: tuple[Outcome | None, str] = (None, "")
    for block in _blocks(part)[: RECIPIENTS + 1]:
        action = " ".join(_values(block, "Action")).lower()
        said = " ".join(_values(block, "Diagnostic-Code"))
        code = _code(" ".join(_values(block, "Status")), said)
        if action == "failed":
            outcome = Outcome.ADDRESS_GONE if is_about_address(code) else Outcome.NOT_DELIVERED
            return outcome, code
        if action == "delayed":
            worst = (Outcome.DELAYED, code)
    return worst


def _code(status: str, said: str) -> str:
    """Return the status code; for one that only says "permanent", the more exact one in the server's words, if any."""
    code, told = code_in(status), code_in(said)
    is_general = not code or code.endswith(GENERAL)
    return told if told and is_general and (not code or code[0] == told[0]) else code


def _complaint(part: Message) -> Outcome | None:
    kinds = {text.lower() for block in _blocks(part) for text in _values(block, "Feedback-Type")}
    return Outcome.COMPLAINT if kinds & COMPLAINTS else None


def _blocks(part: Message) -> list[Message]:
    """Return the groups of fields of a machine-readable part.

    Python's parser splits the groups of message/delivery-status only; in message/global-delivery-status it takes the
    first group for the headers of a mail, and all other groups for the mail's text.
    """
    payload = part.get_payload()
    blocks = [block for block in payload if isinstance(block, Message)] if isinstance(payload, list) else []
    if part.get_content_type() == "message/global-delivery-status" and blocks:
        rest = blocks[0].get_payload()
        groups = re.split(r"\r?\n\r?\n", rest) if isinstance(rest, str) else []
        blocks += [HeaderParser(policy=policy.compat32).parsestr(group) for group in groups[:RECIPIENTS]]
    return blocks


def _returned(parts: list[Message]) -> Iterator[Message]:
    """Yield the headers of the mail that is returned with the report."""
    for part in parts:
        payload = part.get_payload()
        if part.get_content_type() in RETURNED | RETURNED_HEADERS and isinstance(payload, list):
            yield from (mail for mail in payload[:1] if isinstance(mail, Message))
        elif part.get_content_type() in RETURNED_HEADERS and isinstance(payload, str):
            yield HeaderParser(policy=policy.compat32).parsestr(payload)


def _values(block: Message, name: str) -> list[str]:
    return [_plain(str(value)) for value in block.get_all(name, [])[:RECIPIENTS]]


def _plain(text: str) -> str:
    """Return the text in one line of printable characters, of a bounded length."""
    printable = "".join(letter if letter.isprintable() else " " for letter in text[: LONGEST_WORDS * 4])
    return " ".join(printable.split())[:LONGEST_WORDS]
