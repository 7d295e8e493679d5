"""Sealed values: encrypted with keys that are not in the database, and each bound to its column and row (P05, P28).

A sealed value that somebody copies to another row or column cannot be decrypted there. SQL statements read and write
only the encrypted bytes, because a column type has no access to the row. An attribute of the model decrypts them:

    sealed_answer: Mapped[SealedBytes] = mapped_column("answer", SealedRecord("care", length=1024))
    answer = SealedValue[dict[str, Any]]()
"""

import hmac
import json
import secrets
from collections.abc import Iterable, Iterator, Mapping, Sequence
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
    """The stored bytes of a sealed column: nonce (12 bytes), then the ciphertext with its tag."""


class Unbound(TypeError):
    """A value cannot be bound to its row: the row has no primary key yet, or has a sealed value and changes its key."""


class Sealed(TypeDecorator):
    """A column of bytes or text, encrypted with AES-256-GCM under the key of one purpose.

    The associated data are the purpose, the table, the column, and the row's values of the columns `bound_to`, by
    default the primary key. These values must be known when the row is written. The newest key encrypts, every key
    decrypts. Only SealedBytes can be written; anything else raises TypeError, so that no statement stores a value
    unencrypted.
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
        """Return the value as bytes that can be encrypted."""
        return value if self.binary else value.encode()

    def decode(self, plain: bytes) -> Any:
        """Return the value that the decrypted bytes hold."""
        return plain if self.binary else plain.decode()


class SealedRecord(Sealed):
    """A sealed column for a dict of answers, padded so that its length reveals nothing about them (P21).

    The answers are JSON, padded with spaces. Raises ValueError for answers that are longer than `length`.
    """

    cache_ok = True

    def __init__(self, purpose: str, *, length: int, bound_to: tuple[str, ...] = ()):
        super().__init__(purpose, binary=True, bound_to=bound_to)
        self.length = length

    def encode(self, value: Any) -> bytes:
        """Return the answers as JSON, padded to the column's length."""
        plain = json.dumps(value, ensure_ascii=False).encode()
        if len(plain) > self.length:
            raise ValueError("the answers are longer than their column")
        return plain.ljust(self.length)

    def decode(self, plain: bytes) -> Any:
        """Return the answers from their decrypted JSON."""
        return json.loads(plain.rstrip().decode())  # strip the padding: the parser takes longer to skip it


@dataclass(frozen=True)
class _Open:
    """A value that is not encrypted yet: the flush of its row encrypts it, because the row's key is known only then."""

    value: Any


class SealedValue(Generic[Opened]):
    """A model's attribute for the decrypted value of the column of the same name.

    The encrypted value is the attribute `sealed_<name>`. Read on the class, as in a query, this attribute is the
    encrypted column itself. Reading raises InvalidTag for a value that was not encrypted for this row.
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
    """Encrypt the value for this column and row; of `row` only the columns of `binding` are needed. Raises Unbound."""
    kind: Any = column.type
    return SealedBytes(seal(kind.encode(value), kind.purpose, location_of(column, row)))


def open_in_row(column: Column, closed: bytes, row: Mapping[Any, Any]) -> Any:
    """Decrypt a value of this column and row. Raises InvalidTag."""
    kind: Any = column.type
    return kind.decode(unseal(closed, kind.purpose, location_of(column, row)))


def open_in_rows(
    column: Column, rows: Iterable[Mapping[Any, Any]]
) -> Iterator[tuple[Mapping[Any, Any], Any]]:
    """Yield each row with the decrypted value of this column, which may not be NULL. Raises InvalidTag.

    Of each row the column and those of `binding` are needed. For thousands of rows this takes half as long as
    `open_in_row` for each: ciphers and the names of the columns are made once.
    """
    kind: Any = column.type
    ciphers, names, name = _ciphers(kind.purpose), binding(column), column.name
    for row in rows:
        location = _location(column, [row[key] for key in names])
        yield row, kind.decode(_decrypt(ciphers, row[name], kind.purpose + location))


def binding(column: Column) -> tuple[str, ...]:
    """Return the names of the columns to whose values this sealed column is bound."""
    kind: Any = column.type
    return kind.bound_to or tuple(key.name for key in column.table.primary_key)


def location_of(column: Column, row: Mapping[Any, Any]) -> str:
    """Return the associated data of a value: its table, column and row, as JSON. Raises Unbound."""
    return _location(column, [row[name] for name in binding(column)])


def seal(plain: bytes, purpose: str, location: str) -> bytes:
    """Encrypt under the newest key of a purpose; `unseal` decrypts it for the same location only."""
    nonce = secrets.token_bytes(NONCE_BYTES)
    return nonce + AESGCM(current_app.config["DATA_KEYS"][purpose][0]).encrypt(
        nonce, plain, (purpose + location).encode()
    )


def unseal(sealed: bytes, purpose: str, location: str) -> bytes:
    """Decrypt bytes that `seal` returned for this location, with any key of the purpose. Raises InvalidTag."""
    return _decrypt(_ciphers(purpose), sealed, purpose + location)


def seal_with_token(plain: bytes, token: str, location: str) -> bytes:
    """Encrypt with a key made from a secret token; only the token and this location can decrypt it."""
    nonce = secrets.token_bytes(NONCE_BYTES)
    return nonce + AESGCM(_key_from(token)).encrypt(nonce, plain, location.encode())


def unseal_with_token(sealed: bytes, token: str, location: str) -> bytes:
    """Decrypt bytes that `seal_with_token` returned for this token and location. Raises InvalidTag."""
    return AESGCM(_key_from(token)).decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], location.encode())


def _location(column: Column, keys: list[Any]) -> str:
    if None in keys:
        raise Unbound(f"{column} is sealed for its row, which has no key yet: flush it first")
    return json.dumps([column.table.name, column.name, *keys])


def _ciphers(purpose: str) -> list[AESGCM]:
    return [AESGCM(key) for key in current_app.config["DATA_KEYS"][purpose]]


def _decrypt(ciphers: Sequence[AESGCM], sealed: bytes, associated: str) -> bytes:
    """Decrypt with the first key that fits. Raises InvalidTag."""
    nonce, closed, data = sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], associated.encode()
    for cipher in ciphers:
        try:
            return cipher.decrypt(nonce, closed, data)
        except InvalidTag:
            continue
    raise InvalidTag


def _key_from(token: str) -> bytes:
    """Return a key of 256 bits that cannot be found from the token's digest (`columns.digest`)."""
    return hmac.digest(token.encode(), b"forum: seal with a token", "sha256")


def _moves(column: Column, row: Any) -> bool:
    """Return whether a stored row has changed in one of the columns to whose values the sealed value is bound."""
    state: Any = inspect(row)
    return state.has_identity and any(state.attrs[name].history.has_changes() for name in binding(column))


def _keys(column: Column, row: Any) -> dict[str, Any]:
    return {name: getattr(row, name) for name in binding(column)}
