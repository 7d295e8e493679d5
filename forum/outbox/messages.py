"""Building a mail's bytes from checked values, then parsing them again to verify that they say what was meant.

The standard library's own builder lets some values break out of their header (F2), and Flask-Mail's even more (F3).
"""

import base64
import binascii
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from email import policy
from email.charset import BASE64, Charset
from email.header import Header, decode_header, make_header
from email.parser import Parser
from email.utils import format_datetime, getaddresses, parsedate_to_datetime
from typing import Any
from urllib.parse import quote

from forum.outbox.addresses import Mailbox, refuse_unsafe
from forum.outbox.errors import UnsafeMessage

LINE_OCTETS = 998
LINE_LENGTH = 76
MAX_SUBJECT = 250
UTF8 = Charset("utf-8")
UTF8.header_encoding = BASE64
ATOMS = re.compile(r"[A-Za-z0-9!#$%&'*+/^_`{|}~-]+( [A-Za-z0-9!#$%&'*+/^_`{|}~-]+)*")
CONTENT_TYPE = re.compile(r"[a-z]+/[a-z0-9.+-]+(; [a-z]+=[A-Za-z0-9-]+)*")
LEAVE_LINK = re.compile(r"https?://[A-Za-z0-9._~:/?#@!$&'()*+,;=%\[\]-]{1,500}")
TEXT = "text/plain; charset=utf-8"
HTML = "text/html; charset=utf-8"
# These headers keep auto-replies from answering (M09).
MACHINE_MADE = (("Auto-Submitted", "auto-generated"), ("X-Auto-Response-Suppress", "All"))


@dataclass(frozen=True)
class Attachment:
    """A file attached to a mail; `content_type` may have parameters, as in "text/calendar; method=PUBLISH"."""

    filename: str
    content_type: str
    content: bytes


@dataclass(frozen=True)
class Draft:
    """The content of a mail before it is built: sender, recipient, texts and attachments.

    `leave_link` is the URL at which the recipient refuses further mails of this category, "" for a mail that nobody can
    refuse. A mail to `leave_address` refuses them too, where there is such an address. `list_name` is the category's
    name in the header List-Id.
    """

    sender: Mailbox
    recipient: Mailbox
    subject: str
    text: str
    html: str
    language: str
    message_id: str
    date: datetime
    reply_to: Mailbox | None = None
    attachments: Sequence[Attachment] = ()
    leave_link: str = ""
    leave_address: str = ""
    list_name: str = "messages"


@dataclass(frozen=True)
class _Part:
    headers: list[tuple[str, str]]
    body: bytes

    def to_bytes(self) -> bytes:
        lines = "".join(f"{name}: {value}\r\n" for name, value in self.headers)
        return lines.encode() + b"\r\n" + self.body


def build(draft: Draft) -> bytes:
    """Return the mail's bytes: lines of at most 998 octets ending in CRLF, plain text before HTML (M01–M04, M09).

    Raises UnsafeMessage when the bytes, parsed again, differ from the draft.
    """
    content = _alternatives(draft)
    if draft.attachments:
        content = _multipart("mixed", [content, *map(_attached, draft.attachments)])
    headers = _headers(draft)
    raw = _Part([*headers, *content.headers], content.body).to_bytes()
    _prove(raw, draft, [name for name, _ in (*headers, *content.headers)])
    return raw


def read(raw: bytes) -> Draft:
    """Return the draft of a mail that `build` has made and that has neither attachments nor a link for refusing mails.

    Raises UnsafeMessage for any other mail.
    """
    mail = Parser(policy=policy.compat32).parsestr(raw.decode())
    parts = [part for part in mail.walk() if not part.is_multipart()]
    sender, recipient = _read_mailbox(mail["From"]), _read_mailbox(mail["To"])
    if len(parts) != 2 or mail["List-Unsubscribe"] or sender is None or recipient is None:
        raise UnsafeMessage("the mail is not one of text and HTML alone")
    text, html = (_payload_of(part).decode() for part in parts)
    return Draft(
        sender=sender,
        recipient=recipient,
        subject=_decoded(mail["Subject"]),
        text=text,
        html=html,
        language=mail["Content-Language"],
        message_id=mail["Message-ID"],
        date=parsedate_to_datetime(mail["Date"]),
        reply_to=_read_mailbox(mail["Reply-To"]) if mail["Reply-To"] else None,
    )


def _payload_of(part: Any) -> bytes:
    return part.get_payload(decode=True)


def _headers(draft: Draft) -> list[tuple[str, str]]:
    reply_to = [("Reply-To", _mailbox("Reply-To", draft.reply_to))] if draft.reply_to else []
    return [
        ("Date", format_datetime(draft.date)),
        ("From", _mailbox("From", draft.sender)),
        ("To", _mailbox("To", draft.recipient)),
        *reply_to,
        ("Subject", _words("Subject", _short(draft.subject))),
        ("Message-ID", draft.message_id),
        *MACHINE_MADE,
        *_list_headers(draft),
        ("Content-Language", draft.language),
        ("MIME-Version", "1.0"),
    ]


def _list_headers(draft: Draft) -> list[tuple[str, str]]:
    """Return the headers that mark mass mail, and let mail programs offer to refuse it by one press (M06, RFC 8058).

    The URL stays on one line, because some servers fold it in a way that breaks the mail's signature.
    """
    if not draft.leave_link:
        return []
    if not LEAVE_LINK.fullmatch(draft.leave_link):
        raise UnsafeMessage("the link for refusing messages is none")
    if not (draft.list_name.isascii() and draft.list_name.isalpha()):
        raise UnsafeMessage("the name of the list is none")
    return [
        ("List-Id", f"<{draft.list_name}.{draft.sender.address.rpartition('@')[2]}>"),
        ("List-Unsubscribe", _ways_to_leave(draft)),
        ("List-Unsubscribe-Post", "List-Unsubscribe=One-Click"),
        ("Precedence", "bulk"),
    ]


def _ways_to_leave(draft: Draft) -> str:
    if not draft.leave_address:
        return f"<{draft.leave_link}>"
    address = quote(refuse_unsafe(draft.leave_address, "address"), safe="@+")
    return f"<{draft.leave_link}>, <mailto:{address}?subject=unsubscribe>"


def _short(subject: str) -> str:
    if not subject or len(subject) > MAX_SUBJECT:
        raise UnsafeMessage("the subject is empty or too long")
    return refuse_unsafe(subject, "subject")


def _mailbox(header: str, mailbox: Mailbox) -> str:
    """Return `name <address>` for a header; the name is quoted or encoded where its characters need it (M04, F3d)."""
    refuse_unsafe(mailbox.name, "name")
    refuse_unsafe(mailbox.address, "address")
    if not mailbox.name:
        return mailbox.address
    if ATOMS.fullmatch(mailbox.name):
        name = mailbox.name
    elif mailbox.name.isascii() and "=?" not in mailbox.name:
        name = '"' + re.sub(r'(["\\])', r"\\\1", mailbox.name) + '"'
    else:
        name = _words(header, mailbox.name)
    fits = len(header) + len(name) + len(mailbox.address) + 5 <= LINE_LENGTH
    return f"{name}{' ' if fits else chr(13) + chr(10) + ' '}<{mailbox.address}>"


def _words(header: str, text: str) -> str:
    """Return the text for a header, folded; as encoded words of at most 75 octets when not ASCII (RFC 2047)."""
    plain = text.isascii() and "=?" not in text
    words = Header(text, None if plain else UTF8, maxlinelen=LINE_LENGTH, header_name=header)
    return words.encode(linesep="\r\n")


def _alternatives(draft: Draft) -> _Part:
    return _multipart("alternative", [_quoted(TEXT, draft.text), _quoted(HTML, draft.html)])


def _quoted(content_type: str, text: str) -> _Part:
    lines = "\n".join(text.splitlines()) + "\n"
    body = binascii.b2a_qp(lines.encode(), istext=True).replace(b"\n", b"\r\n")
    return _Part([("Content-Type", content_type), ("Content-Transfer-Encoding", "quoted-printable")], body)


def _attached(attachment: Attachment) -> _Part:
    if not CONTENT_TYPE.fullmatch(attachment.content_type):
        raise UnsafeMessage("an attachment's type is not a content type")
    name = quote(refuse_unsafe(attachment.filename, "file name"), safe="")
    filename = f'="{name}"' if re.fullmatch(r"[A-Za-z0-9._-]+", name) else f"*=utf-8''{name}"
    charset = "; charset=utf-8" if attachment.content_type.startswith("text/") else ""
    headers = [
        ("Content-Type", attachment.content_type + charset),
        ("Content-Transfer-Encoding", "base64"),
        ("Content-Disposition", f"attachment; filename{filename}"),
    ]
    return _Part(headers, base64.encodebytes(attachment.content).replace(b"\n", b"\r\n"))


def _multipart(kind: str, parts: Sequence[_Part]) -> _Part:
    """Join parts into a multipart; neither quoted-printable nor base64 text can contain its boundary, which has "=_".

    The boundary is the same in every mail, because the parser compiles a pattern of it, which Python then caches.
    """
    boundary = f"=_{kind}"
    line = f"--{boundary}\r\n".encode()
    body = b"".join(line + part.to_bytes() + b"\r\n" for part in parts) + f"--{boundary}--\r\n".encode()
    return _Part([("Content-Type", f'multipart/{kind}; boundary="{boundary}"')], body)


def _prove(raw: bytes, draft: Draft, expected: list[str]) -> None:
    """Parse the bytes as a mail program would. Raises UnsafeMessage when anything differs from the draft (S36)."""
    if any(len(line) > LINE_OCTETS or b"\r" in line or b"\n" in line for line in raw.split(b"\r\n")):
        raise UnsafeMessage("a line is too long or ends wrongly")
    read = Parser(policy=policy.compat32).parsestr(raw.decode())
    parts = [part for part in read.walk() if not part.is_multipart()]
    as_meant = {
        "headers": read.keys() == expected,
        "subject": _decoded(read["Subject"]) == draft.subject,
        "recipient": _read_mailbox(read["To"]) == draft.recipient,
        "sender": _read_mailbox(read["From"]) == draft.sender,
        "link for refusing": (read["List-Unsubscribe"] or "<>") == _ways_to_leave(draft),
        "parts": len(parts) == 2 + len(draft.attachments) and not any(part.defects for part in read.walk()),
    }
    if wrong := [name for name, same in as_meant.items() if not same]:
        raise UnsafeMessage(f"read back, the mail differs in: {', '.join(wrong)}")


def _read_mailbox(value: str) -> Mailbox | None:
    pairs = getaddresses([value])
    return Mailbox(pairs[0][1], _decoded(pairs[0][0])) if len(pairs) == 1 else None


def _decoded(value: str) -> str:
    unfolded = value.replace("\r\n ", " ")
    return str(make_header(decode_header(unfolded))) if value else ""
