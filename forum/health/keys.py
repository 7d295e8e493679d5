"""Whether the data keys open what this database holds, and sealing it anew under the newest (P28)."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain

from cryptography.exceptions import InvalidTag
from sqlalchemy import Column, RowMapping, Select, select, tuple_, update

from forum.audit import actions as audit
from forum.database import Base, start_write
from forum.extensions import db
from forum.health.models import KeyCheck
from forum.sealing import Sealed, SealedBytes, binding, location_of, seal, unseal
from forum.settings.keys import KEY_PURPOSES

KNOWN, LOCATION = b"forum", "key_checks"
UNBOUND = ""  # where values lay before they were sealed for their row
BATCH = 100


class WrongKeys(Exception):
    """The keys are not those that sealed this database; `purposes` names which."""

    def __init__(self, purposes: Sequence[str]):
        super().__init__(f"the keys for {', '.join(purposes)} are not those that sealed this database")
        self.purposes = purposes


@dataclass(frozen=True)
class Misplaced:
    """Of `total` sealed values, the `rows` whose value does not open there; `unbound` of them are bound to no row."""

    total: int
    unbound: int
    rows: Sequence[str]


def check() -> None:
    """Raise WrongKeys for each purpose whose keys do not open its check value, or without one a value that is there."""
    stored = dict(db.session.execute(select(KeyCheck.purpose, KeyCheck.sealed)).all())
    wrong = [
        purpose
        for purpose in KEY_PURPOSES
        if not (_opens(stored[purpose], purpose, LOCATION) if purpose in stored else _opens_samples(purpose))
    ]
    if wrong:
        raise WrongKeys(wrong)


def remember() -> None:
    """Store the check value of each purpose that has none yet; raise WrongKeys before wrong ones pass for right."""
    check()
    stored = set(db.session.scalars(select(KeyCheck.purpose)))
    if missing := [purpose for purpose in KEY_PURPOSES if purpose not in stored]:
        start_write(db.session)
        for purpose in missing:
            db.session.merge(KeyCheck(purpose=purpose, sealed=seal(KNOWN, purpose, LOCATION)))
        db.session.commit()


def rotate() -> tuple[int, int]:
    """Seal every value anew under its purpose's newest key; return how many were, and how many no key opens.

    Commits by the batch, and may be run again: a value that changes meanwhile is sealed under the newest key anyway.
    A value that was not sealed for its row counts among those that no key opens.
    """
    done, closed = reseal(sealed_columns())
    start_write(db.session)
    for check_value in db.session.scalars(select(KeyCheck).where(KeyCheck.purpose.in_(KEY_PURPOSES))):
        check_value.sealed = seal(KNOWN, check_value.purpose, LOCATION)
    db.session.commit()
    return done, closed


def reseal(columns: Iterable[Column]) -> tuple[int, int]:
    """Seal the values of these columns anew; return how many were, and how many no key opens. Commits by the batch."""
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
    """Look for values that do not open in their row: copied there, changed, or sealed with a key that is not here."""
    total, unbound, rows = 0, 0, []
    for column in sealed_columns():
        for row in chain.from_iterable(_batches(column)):
            total += 1
            if not _opens(row[column.name], _purpose(column), location_of(column, row)):
                unbound += _opens(row[column.name], _purpose(column), UNBOUND)
                rows.append(f"{column} {_number(column, row)}".rstrip())
    return Misplaced(total, unbound, rows)


def sealed_columns() -> list[Column]:
    """Return every column that holds sealed values."""
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
    """Whether the keys of a purpose open what is stored: one value of each of its columns is tried.

    For audit it is tried whether one of the keys made the newest entry of the record.

    Only the keys are looked at: the tables may be those of a version whose values are bound to no row.
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
    """Return the select of the rows where the column has a value: key, value, and what the row goes by."""
    names = {key.name: None for key in column.table.primary_key} | dict.fromkeys(binding(column))
    return select(*(column.table.c[name] for name in names), column).where(column.is_not(None))


def _batches(column: Column) -> Iterator[Sequence[RowMapping]]:
    """Give the rows that have a value, in the order of their keys."""
    keys = list(column.table.primary_key)
    query = _query(column).order_by(*keys).limit(BATCH)
    rows = db.session.execute(query).mappings().all()
    while rows:
        yield rows
        last = tuple(rows[-1][key.name] for key in keys)
        rows = db.session.execute(query.where(tuple_(*keys) > tuple_(*last))).mappings().all()


def _reseal(column: Column, row: RowMapping) -> int:
    """Change the value unless somebody has changed it meanwhile; return 1 when it was."""
    purpose, location, closed = _purpose(column), location_of(column, row), row[column.name]
    is_it = [key == row[key.name] for key in column.table.primary_key]
    anew = SealedBytes(seal(unseal(closed, purpose, location), purpose, location))
    change = update(column.table).where(*is_it, column == closed).values({column.name: anew})
    return db.session.execute(change).rowcount  # type: ignore[attr-defined]


def _purpose(column: Column) -> str:
    return column.type.purpose  # type: ignore[attr-defined]


def _number(column: Column, row: RowMapping) -> str:
    """Return the row's number; other keys are secrets."""
    return " ".join(str(row[key.name]) for key in column.table.primary_key if isinstance(row[key.name], int))
