"""Sealed values: encrypted under keys outside the database, each for its own column and row (P05, P28).

What somebody copies into another row or column does not open there. A column's type knows no row, so statements read
and write only what lies in the column, closed. An attribute of the model opens it:

    sealed_answer: Mapped[SealedBytes] = mapped_column("answer", SealedRecord("care", length=1024))
    answer = SealedValue[dict[str, Any]]()
"""

import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar, overload

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from flask import current_app
from sqlalchemy import Column, LargeBinary, event, inspect
from sqlalchemy.orm import InstrumentedAttribute
from sqlalchemy.types import TypeDecorator

NONCE_BYTES = 12
Opened = TypeVar("Opened")


class SealedBytes(bytes):
    """What lies in a sealed column: nonce (12 bytes) + ciphertext with tag."""


class Unbound(TypeError):
    """A value was to be sealed for a row that has no key yet, or a key was to change beneath its sealed value."""


class Sealed(TypeDecorator):
    """A column of bytes or text, sealed with AES-256-GCM under the key of one purpose.

    The associated data is the purpose, the table, the column and what the row goes by: the columns `bound_to`, or the
    primary key. They must be known when the row is written. Keys rotate: the newest one seals, all open.
    Only SealedBytes are written; anything else raises TypeError, so that no statement can store a value open.
    """

    impl = LargeBinary
    cache_ok = True

    def __init__(self, purpose: str, *, binary: bool = False, bound_to: tuple[str, ...] = ()):
        super().__init__()
        self.purpose = purpose
        self.binary = binary
        self.bound_to = bound_to

    def process_bind_param(self, value: SealedBytes | None, dialect) -> bytes | None:
        if value is not None and not isinstance(value, SealedBytes):
            raise TypeError("what is sealed is written by the flush of its row")
        return value

    def process_result_value(self, value: bytes | None, dialect) -> SealedBytes | None:
        return None if value is None else SealedBytes(value)

    def encode(self, value: Any) -> bytes:
        """Return the bytes to seal."""
        return value if self.binary else value.encode()

    def decode(self, plain: bytes) -> Any:
        """Return the value that was sealed as these bytes."""
        return plain if self.binary else plain.decode()


class SealedRecord(Sealed):
    """Answers by name, sealed at one length whatever they say: not even the size of a value tells anything (P21).

    White space behind the JSON fills it up. Raises ValueError for answers that are longer than the length.
    """

    cache_ok = True

    def __init__(self, purpose: str, *, length: int, bound_to: tuple[str, ...] = ()):
        super().__init__(purpose, binary=True, bound_to=bound_to)
        self.length = length

    def encode(self, value: Any) -> bytes:
        """Return the answers as JSON, filled up."""
        plain = json.dumps(value, ensure_ascii=False).encode()
        if len(plain) > self.length:
            raise ValueError("the answers are longer than their column")
        return plain.ljust(self.length)

    def decode(self, plain: bytes) -> Any:
        """Return the answers."""
        return json.loads(plain)


@dataclass(frozen=True)
class _Open:
    """A value that waits, open, for the flush of its row: only then all that the row goes by is known."""

    value: Any


class SealedValue(Generic[Opened]):
    """The opened value of the column of the same name, whose closed one is the attribute `sealed_<name>`.

    On the class it is that attribute, for statements. Reading raises InvalidTag for what was not sealed here.
    """

    def __set_name__(self, model: type, name: str) -> None:
        self._name, self._closed = name, f"sealed_{name}"
        event.listen(model, "before_insert", self._seal)
        event.listen(model, "before_update", self._seal)

    @overload
    def __get__(self, row: None, model: type) -> InstrumentedAttribute[SealedBytes | None]: ...
    @overload
    def __get__(self, row: Any, model: type) -> Opened: ...
    def __get__(self, row: Any, model: type) -> Any:
        if row is None:
            return getattr(model, self._closed)
        closed = getattr(row, self._closed)
        if closed is None or isinstance(closed, _Open):
            return closed and closed.value
        column = self._column(model)
        return open_in_row(column, closed, _keys(column, row))

    def __set__(self, row: Any, value: Opened) -> None:
        setattr(row, self._closed, None if value is None else _Open(value))

    def _column(self, model: Any) -> Column:
        return model.__table__.c[self._name]

    def _seal(self, _mapper: Any, _connection: Any, row: Any) -> None:
        column, closed = self._column(type(row)), row.__dict__.get(self._closed)
        if isinstance(closed, _Open):
            setattr(row, self._closed, seal_in_row(column, closed.value, _keys(column, row)))
        elif _moves(column, row) and getattr(row, self._closed) is not None:
            raise Unbound(f"a key of the row changes, and {column} is sealed for the old one")


def seal_in_row(column: Column, value: Any, row: Mapping[Any, Any]) -> SealedBytes:
    """Seal the value for this column of the row; `row` has at least what the row goes by. Raises Unbound."""
    kind: Any = column.type
    return SealedBytes(seal(kind.encode(value), kind.purpose, location_of(column, row)))


def open_in_row(column: Column, closed: bytes, row: Mapping[Any, Any]) -> Any:
    """Return the value that was sealed for this column of the row. Raises InvalidTag."""
    kind: Any = column.type
    return kind.decode(unseal(closed, kind.purpose, location_of(column, row)))


def binding(column: Column) -> tuple[str, ...]:
    """Return the names of the columns that a row goes by where this column is sealed."""
    return column.type.bound_to or tuple(key.name for key in column.table.primary_key)  # type: ignore[attr-defined]


def location_of(column: Column, row: Mapping[Any, Any]) -> str:
    """Return where a value lies, as its associated data has it: table, column and row. Raises Unbound."""
    keys = [row[name] for name in binding(column)]
    if None in keys:
        raise Unbound(f"{column} is sealed for its row, which has no key yet: flush it first")
    return json.dumps([column.table.name, column.name, *keys])


def seal(plain: bytes, purpose: str, location: str) -> bytes:
    """Return nonce + ciphertext under the newest key of a purpose; `unseal` opens it for the same location only."""
    nonce = secrets.token_bytes(NONCE_BYTES)
    return nonce + AESGCM(current_app.config["DATA_KEYS"][purpose][0]).encrypt(
        nonce, plain, (purpose + location).encode()
    )


def unseal(sealed: bytes, purpose: str, location: str) -> bytes:
    """Return what was sealed under any key of the purpose, for this location. Raises InvalidTag."""
    for key in current_app.config["DATA_KEYS"][purpose]:
        try:
            return AESGCM(key).decrypt(
                sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], (purpose + location).encode()
            )
        except InvalidTag:
            continue
    raise InvalidTag


def _moves(column: Column, row: Any) -> bool:
    """Whether a row that is in the database goes by another key from now on."""
    state: Any = inspect(row)
    return state.has_identity and any(state.attrs[name].history.has_changes() for name in binding(column))


def _keys(column: Column, row: Any) -> dict[str, Any]:
    return {name: getattr(row, name) for name in binding(column)}
