"""The envelope's sender, to which mail servers send their reports; each mail has its own (VERP, M09).

With FORUM_MAIL_BOUNCE_ADDRESS=bounces@example.org a mail is sent from bounces+TOKEN@example.org. The token is the
number of the mail and a part of its Message-ID's digest, encrypted: it reveals nothing, and nobody can make one for
another mail. So a stranger cannot make the forum mark somebody's address. Without FORUM_MAIL_BOUNCE_ADDRESS reports are
found by the Message-ID, which everybody knows to whom an answer to the mail goes.
"""

import base64
import hashlib
import hmac
import re
from collections.abc import Iterator

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESSIV
from flask import current_app
from sqlalchemy import select

from forum.extensions import db
from forum.outbox.addresses import mailbox, parse_mailbox
from forum.outbox.models import OutboxMessage

PURPOSE = b"forum: return path"
ID_BYTES, MARK_BYTES = 5, 4
# The characters of a token: base32 of AES-SIV's tag (16 bytes), the mail's number and a part of a digest.
TOKEN_LENGTH = 40
# Not re.IGNORECASE: with that flag the Kelvin sign (U+212A) would count as a "k", which base32 does not know.
TOKEN = re.compile(rf"\+([a-zA-Z2-7]{{{TOKEN_LENGTH}}})@")


def sender_of(message: OutboxMessage) -> str:
    """Return the envelope's sender for a mail: its own address; the forum's without FORUM_MAIL_BOUNCE_ADDRESS."""
    if not can_come_back():
        return parse_mailbox(current_app.config["MAIL_DEFAULT_SENDER"]).address
    return address_of(PURPOSE, message.id, message.message_id)


def find_id(text: str) -> int | None:
    """Return the number of the mail whose envelope address is in the text; None without a genuine one.

    Upper and lower case count as equal, because mail servers may change them.
    """
    for number, mark in rows_in(PURPOSE, text):
        # After a restore from a backup, another mail may have this number, so the Message-ID has to match, too.
        message_id = db.session.scalar(select(OutboxMessage.message_id).where(OutboxMessage.id == number))
        if message_id is not None and mark == mark_of(message_id):
            return number
    return None


def can_come_back() -> bool:
    """Return whether there is an address at which the forum receives reports (FORUM_MAIL_BOUNCE_ADDRESS)."""
    return bool(current_app.config["MAIL_BOUNCE_ADDRESS"])


def address_of(purpose: bytes, number: int, unique: str) -> str:
    """Return the mail address that stands for a database row, made of its number and a text that no other row has."""
    plain = number.to_bytes(ID_BYTES) + mark_of(unique)
    token = base64.b32encode(next(_ciphers(purpose)).encrypt(plain, None)).decode().lower()
    local_part, _, host = mailbox(current_app.config["MAIL_BOUNCE_ADDRESS"]).address.rpartition("@")
    return f"{local_part}+{token}@{host}"


def rows_in(purpose: bytes, text: str) -> Iterator[tuple[int, bytes]]:
    """Yield for each genuine address in the text the number of its database row, and the row's mark (`mark_of`)."""
    for token in TOKEN.findall(text):
        sealed = base64.b32decode(token.upper())
        for cipher in _ciphers(purpose):
            try:
                plain = cipher.decrypt(sealed, None)
            except InvalidTag:
                continue
            yield int.from_bytes(plain[:ID_BYTES]), plain[ID_BYTES:]


def mark_of(unique: str) -> bytes:
    """Return the mark of a database row: the part of the digest of its unique text that the row's address holds."""
    return hashlib.sha256(unique.encode()).digest()[:MARK_BYTES]


def _ciphers(purpose: bytes) -> Iterator[AESSIV]:
    """Yield the ciphers of the keys of the outbox, the newest first."""
    for key in current_app.config["DATA_KEYS"]["outbox"]:
        yield AESSIV(hmac.digest(key, purpose, "sha256"))
