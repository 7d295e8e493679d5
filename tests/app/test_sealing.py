"""Sealed (encrypted) values need the keys to be read, and each can be decrypted only in its own column and row."""

import base64
import json
from collections.abc import Callable

import pytest
from cryptography.exceptions import InvalidTag
from sqlalchemy import String, insert, select, text, update
from sqlalchemy.exc import StatementError
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from forum.database import start_write
from forum.extensions import db
from forum.sealing import Sealed, SealedBytes, SealedRecord, SealedValue, Unbound, open_in_rows
from tests.factories.saving import save


class Apart(DeclarativeBase):
    """Base class for this module's own tables, which are not models of the forum."""

    is_public_content, live_columns = False, frozenset()


class Trial(Apart):
    """A table with a sealed (encrypted) column of each kind."""

    __tablename__ = "trials"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(20))
    sealed_secret: Mapped[SealedBytes | None] = mapped_column(
        "secret", Sealed("identity", bound_to=("name",))
    )
    secret = SealedValue[str | None]()
    sealed_care: Mapped[SealedBytes | None] = mapped_column("care", Sealed("care", bound_to=("name",)))
    care = SealedValue[str | None]()
    sealed_bytes: Mapped[SealedBytes | None] = mapped_column("bytes", Sealed("outbox", binary=True))
    bytes = SealedValue[bytes | None]()
    sealed_answer: Mapped[SealedBytes | None] = mapped_column("answer", SealedRecord("identity", length=40))
    answer = SealedValue[dict | None]()


@pytest.fixture
def app(make_app, database_url):
    return make_app(database_url)


@pytest.fixture
def store(database) -> Callable[..., Trial]:
    """Return a function that saves a row with known primary keys and returns it as read back."""
    Apart.metadata.create_all(db.engine)
    return lambda **values: save(Trial(**{"id": 1, "name": "a", **values}))


def raw(column: str) -> bytes:
    """Return the stored bytes of the column."""
    return db.session.connection().exec_driver_sql(f"SELECT {column} FROM trials").scalar_one()  # noqa: S608


def change(statement: str, **values) -> None:
    """Run SQL as an attacker could who can write to the database but has no data key."""
    start_write(db.session)
    db.session.execute(text(statement), values)
    db.session.commit()


@pytest.mark.parametrize("value", ["Verkliga Namnet", "", "åäö 🙂 þ", "x" * 10_000])
def test_sealed_text_comes_back_and_cannot_be_read_in_the_database(store, value):
    assert store(secret=value).secret == value
    assert isinstance(raw("secret"), bytes)
    assert not value or value.encode() not in raw("secret")


def test_sealed_bytes_and_answers_come_back_and_nothing_is_nothing(store):
    row = store(bytes=bytes(range(256)), answer={"name": "Åsa"}, secret=None)
    assert (row.bytes, row.answer, row.secret, row.care) == (bytes(range(256)), {"name": "Åsa"}, None, None)
    assert (raw("secret"), len(raw("answer"))) == (None, 12 + 40 + 16)


def test_value_can_be_read_before_its_row_is_written(app):
    assert Trial(id=1, answer={"name": "Åsa"}).answer == {"name": "Åsa"}


def test_answers_longer_than_their_column_are_refused(store):
    with pytest.raises(ValueError, match="longer than their column"):
        store(answer={"name": "x" * 40})


def test_the_same_value_never_looks_the_same_twice(store):
    row = store(secret="Verkliga Namnet")
    before = raw("secret")
    start_write(db.session)
    row.secret = "Verkliga Namnet"
    db.session.commit()
    assert (raw("secret") == before, row.secret) == (False, "Verkliga Namnet")


@pytest.mark.parametrize("position", [0, 11, 12, -1])
def test_sealed_value_with_one_changed_bit_does_not_open(store, position):
    row = store(secret="Verkliga Namnet")
    changed = bytearray(raw("secret"))
    changed[position] ^= 1
    change("UPDATE trials SET secret = :changed", changed=bytes(changed))
    with pytest.raises(InvalidTag):
        assert row.secret


def test_value_moved_to_another_column_does_not_open(store):
    row = store(secret="Verkliga Namnet")
    change("UPDATE trials SET care = secret")
    with pytest.raises(InvalidTag):
        assert row.care


def test_newest_key_seals_and_all_open(app, store):
    row, trusted = store(secret="old"), app.config["DATA_KEYS"]["identity"]
    retired = trusted[0]
    trusted.insert(0, bytes(range(32)))
    newer = save(Trial(id=2, name="b", secret="new"))
    assert (row.secret, newer.secret) == ("old", "new")
    trusted.remove(retired)
    assert newer.secret == "new"
    with pytest.raises(InvalidTag):
        assert row.secret


def test_every_purpose_has_a_key_of_its_own(settings):
    listed = [base64.b64decode(key) for keys in json.loads(settings["DATA_KEYS"]).values() for key in keys]
    assert len(set(listed)) == len(listed) == 5


def test_row_without_a_key_yet_cannot_seal(store):
    """Sealing (encrypting) a value needs the row's id; an id that the database assigns is unknown before the insert."""
    with pytest.raises(Unbound, match=r"trials\.bytes is sealed for its row, which has no key yet"):
        store(id=None, bytes=b"x")


def test_key_beneath_a_sealed_value_cannot_change(store):
    row = store(secret="Verkliga Namnet")
    start_write(db.session)
    row.name = "b"
    with pytest.raises(
        Unbound, match=r"a key of the row changes, and trials\.secret is sealed for the old one"
    ):
        db.session.flush()
    db.session.rollback()
    start_write(db.session)
    row.name, row.secret = "b", "Verkliga Namnet"
    db.session.commit()
    assert row.secret == "Verkliga Namnet"


@pytest.mark.parametrize("statement", [insert(Trial), update(Trial)], ids=["insert", "update"])
def test_statement_cannot_store_a_value_open(store, statement):
    store(bytes=b"x")
    with pytest.raises(StatementError, match="what is sealed is written by the flush of its row"):
        db.session.execute(statement.values(secret="Verkliga Namnet"))


def test_many_rows_are_opened_at_once_and_each_only_in_its_own_place(store):
    for number in (1, 2, 3):
        store(id=number, answer={"n": number})
    column = Trial.__table__.c.answer
    stored = [dict(row) for row in db.session.execute(select(Trial.__table__)).mappings()]
    assert [(row["id"], value) for row, value in open_in_rows(column, stored)] == [
        (1, {"n": 1}),
        (2, {"n": 2}),
        (3, {"n": 3}),
    ]
    stored[1]["answer"] = stored[0]["answer"]
    opened = open_in_rows(column, stored)
    next(opened)
    with pytest.raises(InvalidTag):
        next(opened)
