"""Column types: moments in UTC, one text per language, sealed values, token digests."""

import hashlib
import secrets
import unicodedata
from datetime import UTC, datetime
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from flask import current_app
from sqlalchemy import JSON, DateTime, LargeBinary, String
from sqlalchemy.types import TypeDecorator

NONCE_BYTES = 12
DIGEST_LENGTH = 64


class UtcDateTime(TypeDecorator):
    """An aware datetime, stored in UTC. A naive one is refused with TypeError."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise TypeError("a moment needs a time zone")
        value = value.astimezone(UTC)
        return value.replace(tzinfo=None) if dialect.name == "sqlite" else value

    def process_result_value(self, value: datetime | None, dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Text(dict[str, Any]):
    """One text per language code, such as {"sv": "Politik", "en": "Politics"}."""

    def in_language(self, language: str) -> Any:
        """Return the text in `language`, else in English, else in any language, else ''."""
        return self.get(language) or self.get("en") or next(iter(self.values()), "")


class Translated(TypeDecorator):
    """A `Text`, stored as JSON."""

    impl = JSON
    cache_ok = True

    def process_bind_param(self, value, dialect):
        return None if value is None else dict(value)

    def process_result_value(self, value, dialect) -> Text | None:
        return None if value is None else Text(value)


class Sealed(TypeDecorator):
    """Bytes or text encrypted with AES-256-GCM under the key of one purpose, outside the database (P05, P28).

    The stored form is nonce (12 bytes) + ciphertext with tag; the purpose is the associated data,
    so a value cannot be moved to a column of another purpose. Keys rotate: the newest one seals, all open.
    """

    impl = LargeBinary
    cache_ok = True

    def __init__(self, purpose: str, *, binary: bool = False):
        super().__init__()
        self.purpose = purpose
        self.binary = binary

    def process_bind_param(self, value, dialect) -> bytes | None:
        if value is None:
            return None
        return seal(value if self.binary else value.encode(), self.purpose)

    def process_result_value(self, value: bytes | None, dialect):
        if value is None:
            return None
        plain = unseal(value, self.purpose)
        return plain if self.binary else plain.decode()


def seal(plain: bytes, purpose: str, place: str = "") -> bytes:
    """Return nonce + ciphertext under the newest key of a purpose; it opens only where it is said to stand."""
    nonce = secrets.token_bytes(NONCE_BYTES)
    return nonce + AESGCM(current_app.config["DATA_KEYS"][purpose][0]).encrypt(
        nonce, plain, (purpose + place).encode()
    )


def unseal(sealed: bytes, purpose: str, place: str = "") -> bytes:
    """Return what was sealed under any key of the purpose, for this place. Raises InvalidTag."""
    for key in current_app.config["DATA_KEYS"][purpose]:
        try:
            return AESGCM(key).decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], (purpose + place).encode())
        except InvalidTag:
            continue
    raise InvalidTag


class TokenDigest(TypeDecorator):
    """The SHA-256 of a token as 64 hex digits; the token itself is never stored (S18)."""

    impl = String(DIGEST_LENGTH)
    cache_ok = True


def new_token() -> str:
    """Return 256 random bits as URL-safe text (S18)."""
    return secrets.token_urlsafe(32)


def digest(token: str) -> str:
    """Return the form in which a token is stored and looked up."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()


INVISIBLE = dict.fromkeys(
    [*range(0x200B, 0x2010), *range(0x202A, 0x202F), *range(0x2060, 0x206A), 0xFEFF, 0x00AD]
)
BREAKS = str.maketrans(dict.fromkeys("\t\n\r\v\f\x85\u2028\u2029", " "))


def tidy(text: str) -> str:
    """Return the text in NFC, its white space folded and trimmed (S27, S36).

    Control characters, lone surrogates and what would turn the direction of writing or stay unseen are left out.
    """
    seen = unicodedata.normalize("NFC", text.translate(BREAKS).translate(INVISIBLE))
    return " ".join("".join(c for c in seen if unicodedata.category(c) not in {"Cc", "Cs"}).split())
