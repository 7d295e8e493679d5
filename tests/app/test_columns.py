"""Column types: moments in UTC, texts per language, sealed values, token digests; and the tidying of what is typed."""

import base64
import json
import unicodedata
from datetime import UTC, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest
from cryptography.exceptions import InvalidTag
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Column, Integer, MetaData, Table, insert, select
from sqlalchemy.exc import StatementError

from forum.columns import Sealed, Text, Translated, UtcDateTime, digest, new_token, tidy
from forum.extensions import db

STOCKHOLM = ZoneInfo("Europe/Stockholm")
MOMENT = datetime(2027, 11, 16, 8, 0, 0, 123456, tzinfo=UTC)
table = Table(
    "trials",
    MetaData(),
    Column("id", Integer, primary_key=True),
    Column("at", UtcDateTime),
    Column("secret", Sealed("identity")),
    Column("care", Sealed("care")),
    Column("bytes", Sealed("outbox", binary=True)),
    Column("name", Translated),
)


@pytest.fixture
def app(make_app, database_url):
    return make_app(database_url)


@pytest.fixture
def store(database):
    """Write one value into a column and give it back as it is read; `store.raw` shows how it lies there."""
    table.metadata.create_all(db.engine)

    def write(**value):
        with db.engine.begin() as connection:
            connection.execute(table.delete())
            connection.execute(insert(table).values(**value))
            return connection.scalars(select(table.c[next(iter(value))])).one()

    def raw(column):
        with db.engine.connect() as connection:
            value = connection.exec_driver_sql(f"SELECT {column} FROM trials").scalar_one()  # noqa: S608 - our own name
        return bytes(value) if isinstance(value, memoryview) else value

    write.raw = raw
    return write


# Moments


@pytest.mark.parametrize(
    "moment",
    [
        MOMENT,
        MOMENT.astimezone(STOCKHOLM),
        MOMENT.astimezone(timezone(timedelta(hours=-3))),
        MOMENT.astimezone(ZoneInfo("Atlantic/Reykjavik")),
    ],
    ids=str,
)
def test_a_moment_comes_back_in_utc_to_the_microsecond(store, moment):
    found = store(at=moment)
    assert (found, found.tzinfo) == (MOMENT, UTC)


def test_the_hour_that_comes_twice_is_kept_apart(store):
    twice = [datetime(2027, 10, 31, 2, 30, tzinfo=STOCKHOLM, fold=fold) for fold in (0, 1)]
    assert [store(at=moment).hour for moment in twice] == [0, 1]


def test_a_moment_without_a_zone_is_refused(store):
    with pytest.raises(StatementError, match="a moment needs a time zone"):
        store(at=datetime(2027, 11, 16, 8, 0))  # noqa: DTZ001 - it is what is refused


def test_no_moment_is_no_moment(store):
    assert store(at=None) is None


def test_moments_are_compared_as_moments_whatever_their_zone(store):
    store(at=MOMENT)
    with db.engine.connect() as connection:
        for zone in (UTC, STOCKHOLM):
            before = select(table.c.id).where(table.c.at < (MOMENT + timedelta(seconds=1)).astimezone(zone))
            after = select(table.c.id).where(table.c.at < MOMENT.astimezone(zone))
            assert (len(connection.execute(before).all()), len(connection.execute(after).all())) == (1, 0)


# Texts per language


def test_a_text_keeps_its_languages_and_letters(store):
    found = store(name=Text(sv="Rättsväsende", en="Justice", se="Ŋuorra"))
    assert (type(found), found) == (Text, {"sv": "Rättsväsende", "en": "Justice", "se": "Ŋuorra"})


@pytest.mark.parametrize(
    ("texts", "shown"),
    [
        ({"sv": "Politik", "en": "Politics"}, "Politik"),
        ({"en": "Politics"}, "Politics"),
        ({"sv": "", "en": "Politics"}, "Politics"),
        ({"fi": "Politiikka"}, "Politiikka"),
        ({}, ""),
    ],
)
def test_a_missing_language_falls_back_to_english_then_to_any(texts, shown):
    assert Text(texts).in_language("sv") == shown


# Sealed values


@pytest.mark.parametrize("value", ["Verkliga Namnet", "", "åäö 🙂 þ", "x" * 10_000])
def test_a_sealed_text_comes_back_and_cannot_be_read_in_the_database(store, value):
    assert store(secret=value) == value
    assert isinstance(store.raw("secret"), bytes)
    assert not value or value.encode() not in store.raw("secret")


def test_sealed_bytes_come_back(store):
    assert store(bytes=bytes(range(256))) == bytes(range(256))


def test_nothing_sealed_is_nothing(store):
    assert (store(secret=None), store.raw("secret")) == (None, None)


def test_the_same_value_never_looks_the_same_twice(store):
    looks = []
    for _ in range(2):
        store(secret="Verkliga Namnet")
        looks.append(store.raw("secret"))
    assert looks[0] != looks[1]


def test_a_sealed_value_moved_to_another_purpose_does_not_open(store):
    store(secret="Verkliga Namnet")
    moved = store.raw("secret")
    with db.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE trials SET care = secret")
    assert store.raw("care") == moved
    with db.engine.connect() as connection, pytest.raises(InvalidTag):
        connection.scalars(select(table.c.care)).one()


@pytest.mark.parametrize("position", [0, 11, 12, -1])
def test_a_sealed_value_with_one_changed_bit_does_not_open(app, database, position):
    column = Sealed("identity")
    stored = bytearray(column.process_bind_param("Verkliga Namnet", db.engine.dialect))
    stored[position] ^= 1
    with pytest.raises(InvalidTag):
        column.process_result_value(bytes(stored), db.engine.dialect)


def test_keys_rotate_the_newest_seals_and_all_open(app, database):
    column, keys = Sealed("identity"), app.config["DATA_KEYS"]["identity"]
    old = column.process_bind_param("old", None)
    retired = keys[0]
    keys.insert(0, bytes(range(32)))
    new = column.process_bind_param("new", None)
    assert [column.process_result_value(value, None) for value in (old, new)] == ["old", "new"]
    keys.remove(retired)
    assert column.process_result_value(new, None) == "new"
    with pytest.raises(InvalidTag):
        column.process_result_value(old, None)


def test_every_purpose_has_a_key_of_its_own(settings):
    keys = [base64.b64decode(key) for listed in json.loads(settings["DATA_KEYS"]).values() for key in listed]
    assert len(set(keys)) == len(keys) == 5


# Tokens


def test_tokens_are_new_each_time_and_digests_the_same():
    tokens = {new_token() for _ in range(100)}
    assert len(tokens) == 100
    assert digest("x") == "2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881"


def test_any_text_has_a_digest():
    assert len(digest("\ud800 å 🙂 \x00")) == 64


# Tidying


@pytest.mark.parametrize(
    ("typed", "tidied"),
    [
        ("  Anna \t Maria\n", "Anna Maria"),
        ("A\u030asa", "\u00c5sa"),
        ("Anna\x00\x07\x1b[31m", "Anna[31m"),
        ("Anna\u200b\u2060\ufeff\u00ad", "Anna"),
        ("Anna\u202e\u2066anna", "Annaanna"),
        ("rad\u2028rad\u2029rad\u0085rad", "rad rad rad rad"),
        ("a\ud800b", "ab"),
        ("👩\u200d💻", "👩💻"),
        ("Þórdís Łęcka Čáhppe", "Þórdís Łęcka Čáhppe"),
        ("\u00a0Anna\u3000Berg\u00a0", "Anna Berg"),
        ("", ""),
    ],
)
def test_tidy_leaves_what_can_be_seen_in_one_line(typed, tidied):
    assert tidy(typed) == tidied


@given(st.text())
def test_tidy_is_one_clean_line_and_tidying_again_changes_nothing(text):
    clean = tidy(text)
    assert tidy(clean) == clean
    assert not {unicodedata.category(character) for character in clean} & {"Cc", "Cs", "Zl", "Zp"}
    assert clean == clean.strip()
    assert unicodedata.is_normalized("NFC", clean)
    clean.encode()
