"""Column types: moments in UTC, one text per language, links, token digests, members of enumerations."""

import hashlib
import re
import secrets
from datetime import UTC, datetime
from enum import Enum
from typing import Any

from sqlalchemy import JSON, CheckConstraint, Column, DateTime, SmallInteger, String, Table, event
from sqlalchemy.orm import MappedColumn, mapped_column
from sqlalchemy.types import TypeDecorator, TypeEngine

DIGEST_LENGTH = 64
# The largest number that a query may compare with a row's id: PostgreSQL refuses a larger one, and SQLite refuses
# one of more than 64 bits.
LARGEST_ID = 2**31 - 1
LINK = re.compile(
    r"https?://[^\s/?#\\]+([/?#][^\s\x00-\x1f\x7f]*)?|mailto:[^\s@\x00-\x1f\x7f]+@[^\s@\x00-\x1f\x7f]+",
    re.IGNORECASE,
)


# Matches a path of this site; an address that begins with "//" would lead to another site.
OWN_PATH = re.compile(r"/(?!/)[A-Za-z0-9_./%~+-]*(#[A-Za-z0-9_-]+)?")


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

    def code_for(self, language: str) -> str:
        """Return the language of the text that `in_language` returns, or `language` if there is no text."""
        return language if self.get(language) else "en" if self.get("en") else next(iter(self), language)


class Translated(TypeDecorator):
    """A text in several languages: a `Text`, which is a dict by language, in Python, and JSON in the database."""

    impl = JSON
    cache_ok = True

    def process_bind_param(self, value, dialect):
        return None if value is None else dict(value)

    def process_result_value(self, value, dialect) -> Text | None:
        return None if value is None else Text(value)


class UnsafeLink(ValueError):
    """A URL to which pages of the forum may not link: it is not http, https or mailto."""


def is_link(address: str) -> bool:
    """Return whether pages may link to this address: http, https or mailto (S32)."""
    return LINK.fullmatch(address) is not None


def is_web_link(address: str) -> bool:
    """Return whether the address is that of a web page: http or https."""
    return is_link(address) and not address.lower().startswith("mailto:")


class Link(TypeDecorator):
    """The URL of a link on a page: http, https or mailto. Raises UnsafeLink for any other (S32)."""

    impl = String
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect) -> str | None:
        if value is not None and not is_link(value):
            raise UnsafeLink("a link is http, https or mailto")
        return value


def leads_somewhere(address: str) -> bool:
    """Return whether pages may link to this address: a path of this site, or an http, https or mailto URL (S32)."""
    return OWN_PATH.fullmatch(address) is not None or is_link(address)


class LinkOrPath(Link):
    """The URL of a link on a page, or a path of this site. Raises UnsafeLink for any other (S32)."""

    cache_ok = True  # SQLAlchemy does not inherit `cache_ok` from the parent class

    def process_bind_param(self, value: str | None, dialect) -> str | None:
        if value is not None and not leads_somewhere(value):
            raise UnsafeLink("a link is http, https, mailto or a path of this site")
        return value


class TokenDigest(TypeDecorator):
    """The SHA-256 of a token as 64 hex digits; the token itself is never stored (S18)."""

    impl = String(DIGEST_LENGTH)
    cache_ok = True


class Member(TypeDecorator):
    """A member of an enumeration, stored by its code: a text of at most `length`, or a number.

    A code that only a newer version of the forum knows is returned as stored, so that its row does not make a query
    for many rows fail.
    """

    impl = String
    cache_ok = True

    def __init__(self, members: type[Enum], length: int = 20):
        super().__init__(length)
        self.members, self.length = members, length
        self._by_code = {member.value: member for member in members}

    def load_dialect_impl(self, dialect) -> TypeEngine:
        is_number = issubclass(self.members, int)
        return dialect.type_descriptor(SmallInteger() if is_number else String(self.length))

    def process_bind_param(self, value: Any, dialect) -> Any:
        return value.value if isinstance(value, Enum) else value

    def process_result_value(self, value: Any, dialect) -> Any:
        return self._by_code.get(value, value)


def member(members: type[Enum], length: int = 20, **options: Any) -> MappedColumn[Any]:
    """Map a column to the members of an enumeration; the database refuses every other code.

    The constraint that refuses them is named after the column, such as `status_known` for `status`.
    """
    mapped = mapped_column(Member(members, length), **options)
    event.listen(mapped.column, "after_parent_attach", _refuse_other_codes)
    return mapped


def _refuse_other_codes(column: Column, table: Table) -> None:
    kind: Any = column.type
    codes = [member.value for member in kind.members]
    table.append_constraint(CheckConstraint(column.in_(codes), name=f"{column.name}_known"))


def new_token() -> str:
    """Return 256 random bits as URL-safe text (S18)."""
    return secrets.token_urlsafe(32)


def digest(token: str) -> str:
    """Return the SHA-256 of a token as hex digits, which is stored and looked up in place of the token."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()
