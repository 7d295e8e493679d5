"""Checking that the data keys decrypt this database, and re-encrypting it under the newest keys (P28)."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

from cryptography.exceptions import InvalidTag
from sqlalchemy import Column, RowMapping, Select, select, tuple_, update

from forum.audit import actions as audit
from forum.database import Base, start_write
from forum.extensions import db
from forum.health.models import KeyCheck
from forum.sealing import Sealed, SealedBytes, binding, location_of, seal, unseal
from forum.settings.keys import KEY_PURPOSES

KNOWN, LOCATION = b"forum", "key_checks"
UNBOUND = ""  # the location with which earlier versions sealed a value, before they bound it to its row
BATCH = 100


class WrongKeys(Exception):
    """Some data keys are not those that sealed this database; `purposes` says which."""

    def __init__(self, purposes: Sequence[str]):
        super().__init__(f"the keys for {', '.join(purposes)} are not those that sealed this database")
        self.purposes = purposes


@dataclass(frozen=True)
class Misplaced:
    """Sealed values that cannot be decrypted in their row.

    `total` is how many values were tried, `rows` names the rows of those that fail, and `unbound` is how many of the
    values that fail are bound to no row at all.
    """

    total: int
    unbound: int
    rows: Sequence[str]


def check() -> None:
    """Raise WrongKeys, naming every purpose whose keys are not those of this database.

    A key is tried on the purpose's check value; before there is one, on values that the tables hold encrypted.
    """
    stored = dict(db.session.execute(select(KeyCheck.purpose, KeyCheck.sealed)).all())
    wrong = [
        purpose
        for purpose in KEY_PURPOSES
        if not (_opens(stored[purpose], purpose, LOCATION) if purpose in stored else _opens_samples(purpose))
    ]
    if wrong:
        raise WrongKeys(wrong)


def remember() -> None:
    """Store a check value (KeyCheck) for each key purpose that has none. Raises WrongKeys, without storing anything."""
    check()
    stored = set(db.session.scalars(select(KeyCheck.purpose)))
    if missing := [purpose for purpose in KEY_PURPOSES if purpose not in stored]:
        start_write(db.session)
        for purpose in missing:
            db.session.merge(KeyCheck(purpose=purpose, sealed=seal(KNOWN, purpose, LOCATION)))
        db.session.commit()


def rotate() -> tuple[int, int]:
    """Re-encrypt all sealed values under the newest key; return how many were re-encrypted, and how many unreadable.

    Commits in batches; it can be called again after an interruption. A value that changes meanwhile is written with the
    newest key anyway. Values that are not bound to their row count as unreadable.
    """
    done, closed = reseal(sealed_columns())
    start_write(db.session)
    for check_value in db.session.scalars(select(KeyCheck).where(KeyCheck.purpose.in_(KEY_PURPOSES))):
        check_value.sealed = seal(KNOWN, check_value.purpose, LOCATION)
    db.session.commit()
    return done, closed


def reseal(columns: Iterable[Column]) -> tuple[int, int]:
    """Re-encrypt these columns in batches; return how many values were re-encrypted, and how many are unreadable."""
    done = closed = 0
    for column in columns:
        for batch in _batches(column):
            start_write(db.session)
            for row in batch:
                if _opens(row[column.name], _purpose(column), location_of(column, row)):
                    done += _reseal(column, row)
                else:
                    closed += 1
            db.session.commit()
    return done, closed


def find_misplaced() -> Misplaced:
    """Find sealed values that were changed, copied from another row, or encrypted with an unknown key."""
    total, unbound, rows = 0, 0, []
    for column in sealed_columns():
        for row in chain.from_iterable(_batches(column)):
            total += 1
            if not _opens(row[column.name], _purpose(column), location_of(column, row)):
                unbound += _opens(row[column.name], _purpose(column), UNBOUND)
                rows.append(f"{column} {_number(column, row)}".rstrip())
    return Misplaced(total, unbound, rows)


def sealed_columns() -> list[Column]:
    """Return all columns of sealed values."""
    return [
        column
        for table in Base.metadata.sorted_tables
        for column in table.columns
        if isinstance(column.type, Sealed)
    ]


def _opens(closed: bytes, purpose: str, location: str) -> bool:
    try:
        unseal(closed, purpose, location)
    except InvalidTag:
        return False
    return True


def _opens_samples(purpose: str) -> bool:
    """Return whether the data keys of a purpose decrypt one value of each column that is sealed for this purpose.

    The audit keys are tried on the newest audit entry. Values that are bound to no row count as decrypted, because
    the tables may be those of an earlier version.
    """
    if purpose == "audit":
        return audit.knows_newest_key()
    columns = [column for column in sealed_columns() if _purpose(column) == purpose]
    samples = [(column, db.session.execute(_query(column).limit(1)).mappings().first()) for column in columns]
    return all(
        any(_opens(row[column.name], purpose, location) for location in (location_of(column, row), UNBOUND))
        for column, row in samples
        if row is not None
    )


def _query(column: Column) -> Select:
    """Return a query for the rows with a sealed value: primary key, value, and the columns to which it is bound."""
    names = {key.name: None for key in column.table.primary_key} | dict.fromkeys(binding(column))
    return select(*(column.table.c[name] for name in names), column).where(column.is_not(None))


def _batches(column: Column) -> Iterator[Sequence[RowMapping]]:
    """Yield the rows with a sealed value in batches, ordered by primary key."""
    keys = list(column.table.primary_key)
    query = _query(column).order_by(*keys).limit(column.info.get("batch", BATCH))
    rows = db.session.execute(query).mappings().all()
    while rows:
        yield rows
        last = tuple(rows[-1][key.name] for key in keys)
        rows = db.session.execute(query.where(tuple_(*keys) > tuple_(*last))).mappings().all()


def _reseal(column: Column, row: RowMapping) -> int:
    """Re-encrypt the sealed value of a row unless it has changed meanwhile; return 1, or 0 if it has changed."""
    purpose, location, closed = _purpose(column), location_of(column, row), row[column.name]
    is_it = [key == row[key.name] for key in column.table.primary_key]
    anew = SealedBytes(seal(unseal(closed, purpose, location), purpose, location))
    change = update(column.table).where(*is_it, column == closed).values({column.name: anew})
    return db.session.connection().execute(change).rowcount


def _purpose(column: Column) -> str:
    kind: Any = column.type
    return kind.purpose


def _number(column: Column, row: RowMapping) -> str:
    """Return the row's primary key for a report. A key that is not a number may be a secret and is left out."""
    return " ".join(str(row[key.name]) for key in column.table.primary_key if isinstance(row[key.name], int))
