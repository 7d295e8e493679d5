"""Puts a unique text into every text column of every row: canaries to search for, or hostile texts."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import count
from typing import Any

from sqlalchemy import JSON, Column, RowMapping, String, Table, select, update

from forum.columns import Link, TokenDigest, Translated
from forum.database import Base, start_write
from forum.extensions import db
from forum.sealing import Sealed, SealedRecord, open_in_row, seal_in_row

LANGUAGES = ("sv", "en")
# Tables whose rows a trigger of the database keeps from being changed.
APPEND_ONLY = {"audit_entries", "audit_details"}
# Columns that are not overwritten with test texts, because code or other rows depend on their values; beside each
# stands what its value is.
KEPT = {
    "users.language": "a code",
    "events.slug": "an address",
    "events.languages": "codes",
    "events.timezone": "a zone; without one no moment can be shown",
    "events.organiser_logo": "a file's name",
    "events.logo_key": "an image's key",
    "events.share_key": "an image's key",
    "events.accent_light": "a colour",
    "events.accent_dark": "a colour",
    "offers.why": "codes and numbers",
    "organisations.country": "a code",
    "public_balances.numbers": "keys, codes and numbers",
    **dict.fromkeys(("mailings.fallback", "mailings.audience", "mailings.question_keys"), "codes"),
    "mailings.kept_counts": "numbers",
    **dict.fromkeys(("mail_texts.kind", "mail_texts.language"), "a code"),
    "mail_texts.standard": "a digest",
    "followers.language": "a code",
    "mailings.steps": "days and a zone; without them no moment can be shown",
    "sectors.key": "an address",
    "questions.key": "a key",
    "questions.sector_keys": "keys",
    "questions.file_types": "codes",
    "answer_files.key": "an address",
    "questions.depends_on_values": "codes",
    "question_choices.key": "a key",
    "pages.slug": "an address",
    "posts.key": "an address",
    "post_texts.language": "a code",
    "post_texts.slug": "an address",
    "search_entries.language": "a code",
    "former_slugs.language": "a code",
    "former_slugs.slug": "an address",
    "categories.key": "an address",
    "images.key": "an address",
    "images.widths": "numbers",
    "categories.slug": "an address",
    "tags.folded": "an address",
    "tags.names": "addresses",
    "tag_aliases.folded": "an address",
    "old_addresses.path": "an address",
    "old_addresses.language": "a code",
    "old_addresses.leads_to": "an address",
    "invitations.language": "a code",
    **dict.fromkeys(("delegations.language", "delegations.country", "delegates.told"), "a code"),
    "delegations.form_key": "a digest",
    "attendee_imports.headings": "a digest",
    "attendee_imports.form_key": "a digest",
    "attendee_imports.columns": "numbers",
    "registrations.reference": "an address",
    "registrations.country": "a code",
    "registrations.language": "a code",
    "outbox_messages.kind": "a code",
    "audit_entries.key": "a key's name",
    "tombstones.key": "a key's name",
    "suppressed_addresses.key": "a key's name",
    "suppressed_addresses.code": "a code",
    "key_checks.purpose": "a code",
    "outbox_messages.language": "a code",
}
ADDRESS = "registrations.email"
# Columns whose values the tests themselves look for, in place of canaries.
SECRET_AS_IT_IS = {"registrations.reference"}
Writer = Callable[[Column, int, Any], Any]


@dataclass(frozen=True)
class Canary:
    """The origin of a text: its column, the key of its row, and the slug of the row's event, or ""."""

    column: str
    event: str
    row: tuple[Any, ...]

    @property
    def table(self) -> str:
        """The name of the table that holds the text."""
        return self.column.partition(".")[0]


def canary(column: Column, number: int, present: Any) -> Any:
    """Return a short unique text in a form that the column accepts."""
    word = f"zq{number}x"
    if "email" in column.name or column.name == "recipient":
        return f"{word}@example.org"
    return f"https://example.org/{word}" if column.name.endswith("url") else word


def fill(write_text: Writer) -> dict[str, Canary]:
    """Put a text into every non-empty text column; return the origin of each text."""
    numbers, found = count(1), {}
    start_write(db.session)
    for table in Base.metadata.sorted_tables:
        for row in db.session.execute(select(table)).mappings().all():
            values = {}
            for column in text_columns(table):
                number, where = (
                    next(numbers),
                    Canary(name_of(column), _event_of(table, row), _key(table, row)),
                )
                # Write no address into a registration that has none: organisers or a contact manage this registration.
                if row[column] is None or (name_of(column) == ADDRESS and not row[column]):
                    continue
                if is_kept(column):
                    if _is_secret(column):
                        found[str(_opened(column, row))] = where
                    continue
                values[column.name] = _written(write_text, column, number, _opened(column, row))
                found[f"zq{number}x"] = where
            if values:
                here = [column == row[column] for column in table.primary_key]
                db.session.execute(update(table).where(*here).values(_closed(table, row, values)))
    db.session.commit()
    return found


def _opened(column: Column, row: RowMapping) -> Any:
    is_closed = isinstance(column.type, Sealed) and row[column] is not None
    return open_in_row(column, row[column], row) if is_closed else row[column]


def _closed(table: Table, row: RowMapping, values: dict[str, Any]) -> dict[str, Any]:
    """Return the new values, with encrypted ones encrypted again: a column to which they are bound may have changed."""
    sealed = [
        column for column in table.columns if isinstance(column.type, Sealed) and row[column] is not None
    ]
    whole = {**row, **{column.name: _opened(column, row) for column in sealed}, **values}
    return {**values, **{column.name: seal_in_row(column, whole[column.name], whole) for column in sealed}}


def text_columns(table: Table) -> Iterator[Column]:
    """Return the table's columns with text, whatever their type."""
    for column in table.columns:
        kind = column.type
        is_text = isinstance(kind, String | Link | Translated | JSON | TokenDigest)
        is_sealed = isinstance(kind, Sealed) and (not kind.binary or isinstance(kind, SealedRecord))
        if (is_text or is_sealed) and not column.foreign_keys:
            yield column


def is_kept(column: Column) -> bool:
    """Return whether the column gets no new text: digests, append-only tables, and the columns in KEPT."""
    return (
        isinstance(column.type, TokenDigest)
        or column.table.name in APPEND_ONLY
        or (column.name == "key" and column.primary_key)
        or name_of(column) in KEPT
    )


def name_of(column: Column) -> str:
    """Return the column's full name, such as "registrations.given_name"."""
    return f"{column.table.name}.{column.name}"


def _is_secret(column: Column) -> bool:
    named = name_of(column) in SECRET_AS_IT_IS or column.table.name == "submissions"
    return isinstance(column.type, TokenDigest) or named or column.name in {"hash", "salt", "details_digest"}


def _written(write_text: Writer, column: Column, number: int, present: Any) -> Any:
    """Return a text of `write_text` in the shape of the column's present value, cut to the column's length."""
    if isinstance(column.type, Translated):
        return {language: write_text(column, number, "") for language in LANGUAGES}
    if isinstance(column.type, JSON | SealedRecord):
        longest = column.type.length // 100 if isinstance(column.type, SealedRecord) else None
        return _leaves(json.loads(json.dumps(present)), write_text(column, number, "")[:longest])
    text = write_text(column, number, present)
    length = getattr(column.type, "length", None)
    return text[:length] if length else text


def _leaves(value: Any, text: str) -> Any:
    """Return a value with the text in place of every text in it; moments, whose keys end with "_at", stay."""
    if isinstance(value, dict):
        return {key: inner if key.endswith("_at") else _leaves(inner, text) for key, inner in value.items()}
    if isinstance(value, list):
        return [_leaves(inner, text) for inner in value]
    return text if isinstance(value, str) else value


def _event_of(table: Table, row: Any) -> str:
    """Return the slug of the row's event, found through its foreign keys."""
    if table.name == "events":
        return row["slug"]
    for key in sorted(table.foreign_keys, key=lambda key: key.column.table.name != "events"):
        value, other = row[key.parent.name], key.column.table
        if value is None or other.name in {"users", "posts"}:
            continue
        owner = db.session.execute(select(other).where(key.column == value)).mappings().one()
        if slug := _event_of(other, owner):
            return slug
    return ""


def _key(table: Table, row: Any) -> tuple[Any, ...]:
    return tuple(row[column.name] for column in table.primary_key)
