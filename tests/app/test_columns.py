"""Column types: times in UTC, texts per language, digests of tokens, URLs, members of enumerations."""

from datetime import UTC, datetime, timedelta, timezone
from enum import IntEnum, StrEnum
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import Column, Integer, MetaData, String, Table, cast, insert, select
from sqlalchemy.exc import IntegrityError, StatementError

from forum.columns import Link, LinkOrPath, Member, Text, Translated, UtcDateTime, digest, new_token
from forum.database import start_write
from forum.extensions import db
from tests.factories.events import make_event

STOCKHOLM = ZoneInfo("Europe/Stockholm")
MOMENT = datetime(2027, 11, 16, 8, 0, 0, 123456, tzinfo=UTC)


class Tone(StrEnum):
    """An enumeration of texts."""

    LOW = "low"
    HIGH = "high"


class Speed(IntEnum):
    """An enumeration of numbers."""

    SLOW = 1
    FAST = 2


table = Table(
    "trials",
    MetaData(),
    Column("id", Integer, primary_key=True),
    Column("at", UtcDateTime),
    Column("name", Translated),
    Column("link", Link(300)),
    Column("call", LinkOrPath(300)),
    Column("tone", Member(Tone)),
    Column("speed", Member(Speed)),
)


@pytest.fixture
def app(make_app, database_url):
    return make_app(database_url)


@pytest.fixture
def store(database):
    """Return a function that stores a value in a column and returns it as read back."""
    table.metadata.create_all(db.engine)

    def write(**value):
        with db.engine.begin() as connection:
            connection.execute(table.delete())
            connection.execute(insert(table).values(**value))
            return connection.scalars(select(table.c[next(iter(value))])).one()

    return write


# Tests of points in time


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
        store(at=datetime(2027, 11, 16, 8, 0))  # noqa: DTZ001 - the naive datetime under test


def test_no_moment_is_no_moment(store):
    assert store(at=None) is None


def test_moments_are_compared_as_moments_whatever_their_zone(store):
    store(at=MOMENT)
    with db.engine.connect() as connection:
        for zone in (UTC, STOCKHOLM):
            before = select(table.c.id).where(table.c.at < (MOMENT + timedelta(seconds=1)).astimezone(zone))
            after = select(table.c.id).where(table.c.at < MOMENT.astimezone(zone))
            assert (len(connection.execute(before).all()), len(connection.execute(after).all())) == (1, 0)


# Tests of texts that are stored in several languages


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


# Tests of tokens and their digests


def test_tokens_are_new_each_time_and_digests_the_same():
    tokens = {new_token() for _ in range(100)}
    assert len(tokens) == 100
    assert digest("x") == "2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881"


def test_any_text_has_a_digest():
    assert len(digest("\ud800 å 🙂 \x00")) == 64


@pytest.mark.parametrize(
    "link",
    [
        "https://example.org", "HTTP://example.org:81/a?b#c", "https://räksmörgås.example/å (1)'\"".replace(" ", ""),
        "mailto:office@example.org", "https://[::1]/", "https://example.org?q=1", None,
    ],
)  # fmt: skip
def test_a_link_leads_to_the_web_or_to_a_mailbox(store, link):
    assert store(link=link) == link


@pytest.mark.parametrize(
    "link",
    [
        "javascript:alert(1)", " javascript:alert(1)", "java\nscript:alert(1)", "JAVASCRIPT://example.org/%0aalert(1)",
        "data:text/html,x", "vbscript:x", "file:///etc/passwd", "//example.org/", "/sv/", "example.org", "", "#top",
        "https:example.org", "https://", "https:///x", "https://exa mple.org", "https://example.org/\r\nx", "mailto:",
        "mailto:a@b@c", "mailto:a b@example.org", "https:\\\\example.org", "https://example.org/\x00",
    ],
)  # fmt: skip
def test_a_link_that_leads_elsewhere_is_refused(store, link):
    with pytest.raises(StatementError, match="a link is http, https or mailto"):
        store(link=link)


@pytest.mark.parametrize(
    "call", ["javascript:alert(1)", "//evil.example", "data:text/html,x", "/\\evil.example", ""]
)
def test_a_posts_button_leads_to_the_web_a_mailbox_or_a_page_of_this_site(store, call):
    for place in ("/sv/register", "https://example.org/a", "mailto:office@example.org"):
        assert store(call=place) == place
    with pytest.raises(StatementError, match="or a path of this site"):
        store(call=call)


# Tests of members of enumerations


@pytest.mark.parametrize("value", [{"tone": Tone.HIGH}, {"speed": Speed.FAST}, {"tone": None}], ids=str)
def test_a_member_comes_back_as_it_was_stored(store, value):
    assert repr(store(**value)) == repr(*value.values())


def test_a_member_is_stored_as_its_code(store):
    store(tone=Tone.HIGH)
    with db.engine.begin() as connection:
        assert connection.scalars(select(cast(table.c.tone, String))).one() == "high"


def test_a_code_that_this_version_does_not_know_is_read_as_it_is(store):
    """A newer version may have stored a code unknown to this one; a list with such a row must still be shown."""
    assert (store(tone="shrill"), store(speed=3)) == ("shrill", 3)


def test_the_database_refuses_a_code_that_no_member_has(database):
    event = make_event()
    start_write(database)
    event.sectors[0].policy = "lottery"
    with pytest.raises(IntegrityError, match="ck_sectors_policy_known"):
        database.flush()
