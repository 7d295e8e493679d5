"""Whatever text stands in a field of a mail, the mail has exactly its own headers, or is not made (S36).

Every kind of mail is made by the forum's own rules. At the moment at which it is made, it is made again with other
texts in each of its fields: texts of events and people, and its envelope (`mail_fields`).
"""

import re
from collections.abc import Callable
from email import message_from_bytes, message_from_string, policy
from email.header import decode_header, make_header
from email.message import Message
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forum.addresses import UNSAFE_IN_HEADER
from forum.outbox import actions
from forum.outbox.enums import MessageStatus
from tests.factories.mails import make_mail
from tests.outbox.mail_fields import Field, Making
from tests.outbox.test_snapshots import make_one_of_each

TEMPLATES = Path(__file__).parents[2] / "templates/mail"
# Headers that only some mails have: those with an address for answers, and those with a link that refuses messages.
OPTIONAL = {"Reply-To", "List-Id", "List-Unsubscribe", "List-Unsubscribe-Post", "Precedence"}
RAW_HEADER = re.compile(rb"(?:\r\n|\r|\n|^)([!-9;-~]+):")
# Texts that are tried in each field of each mail: with a header line of its own, and with a payload for a flaw of
# Python's own mail library (F2).
BREAKING = ("A\r\nBcc: zqevil@evil.example", "A \U0001f4a9 =?UTF-8?Q?=0A?=Bcc: zqevil@evil.example")
PIECES = (
    *(
        "\r\n",
        "\n",
        "\r",
        "\r\n\r\n",
        "\x00",
        "\x0b",
        "\x85",
        "\u2028",
        "\u2029",
        "\u202e",
        "\u2066",
        "\ufeff",
    ),
    *("=?utf-8?q?=0A?=", "=?utf-8?b?", "?=", "Bcc: zqevil@evil.example", "X-Zqevil: 1", "<a@evil.example>"),
    *(",", '"', "\\", ":", ";", "å", "\U0001f4a9", " "),
)
HOSTILE = st.lists(st.sampled_from(PIECES) | st.text(max_size=8), min_size=1, max_size=6).map("".join)


def parts_of(message: Message) -> list[list[str]]:
    """Return the names of the headers of a mail and of each of its parts."""
    return [part.keys() for part in message.walk()]


def without_optional(names: list[str]) -> list[str]:
    return [name for name in names if name not in OPTIONAL]


def check(raw: bytes, own: list[list[str]]) -> None:
    """Check that a mail has the headers `own` and no other, one sender and one recipient, and no unsafe value."""
    message, read = message_from_string(raw.decode()), message_from_bytes(raw, policy=policy.default)
    for reading in (message, read):
        whole, *parts = parts_of(reading)
        assert without_optional(whole) == without_optional(own[0])
        assert len(whole) == len({*whole})
        assert parts == own[1:]
    assert [len(read[name].addresses) for name in ("From", "To")] == [1, 1]
    head = raw.partition(b"\r\n\r\n")[0]
    names = RAW_HEADER.findall(re.sub(rb"\r\n[ \t]+", b" ", head))
    assert [name.decode() for name in names] == message.keys()
    for name, value in message.items():
        unfolded = value.replace("\r\n ", " ")
        assert not UNSAFE_IN_HEADER.search(str(make_header(decode_header(unfolded)))), name


def try_texts(making: Making, used: list[Field], examples: int) -> None:
    """Make a mail with each of the breaking texts, and with some drawn ones, in each of its fields."""
    own = parts_of(message_from_bytes(making.make().content))

    def try_one(field: Field, text: str) -> None:
        with field.holding(text):
            message = making.make()
        if message.content is None:
            assert (message.status, bool(message.last_error)) == (MessageStatus.FAILED, True)
        else:
            check(message.content, own)

    for field in used:
        for text in BREAKING:
            try_one(field, text)
        settings(max_examples=examples)(given(field=st.just(field), text=HOSTILE)(try_one))()


def try_every_mail(
    language: str, monkeypatch, attempt: Callable[[Making, list[Field]], None]
) -> dict[str, list[str]]:
    """Make one mail of each kind, and call `attempt` when it is made; return the names of the fields by kind."""
    tried: dict[str, list[str]] = {}
    unfit: set[str] = set()
    write = actions._write

    def write_and_try(message, *told) -> None:
        write(message, *told)
        if message.kind in tried or message.content is None:
            return
        making = Making.of(message, *told)
        # `attempt` makes the mail again: mark its kind as tried, so that this does not call `attempt` once more.
        tried[message.kind] = []
        used = making.used_fields(unfit)
        attempt(making, used)
        tried[message.kind] = [field.name for field in used]

    monkeypatch.setattr(actions, "_write", write_and_try)
    make_one_of_each(language)
    return tried


@pytest.fixture
def app(make_app, sqlite_url):
    return make_app(sqlite_url)


@pytest.mark.parametrize(
    ("language", "examples"), [("sv", 2), pytest.param("en", 12, marks=pytest.mark.slow)]
)
def test_no_field_of_any_mail_makes_a_header(database, monkeypatch, language, examples):
    fields = try_every_mail(language, monkeypatch, lambda making, used: try_texts(making, used, examples))
    assert fields.keys() == {folder.name for folder in TEMPLATES.iterdir()}
    # What a reader sees of the event, of a message's own words and of a post is found among the fields.
    assert "context.event/Event.name" in fields["confirmed"]
    assert "context.own_subject" in fields["own-words"]
    assert "context.leave_link" in fields["own-words"]
    said = {
        kind: [name for name in names if not name.startswith("envelope.")] for kind, names in fields.items()
    }
    # The mail that only tries out whether mails arrive has no text of anybody.
    assert [kind for kind, names in said.items() if not names] == ["test"]


def test_a_header_too_many_is_found(database):
    """Control: a mail with another header line, in three spellings, or with an unsafe value fails the check."""
    raw = make_mail().content
    own = parts_of(message_from_bytes(raw))
    check(raw, own)
    hidden = b"=?utf-8?q?a=E2=80=AE?="
    for wrong in (
        b"Bcc: x@evil.example\r\n" + raw,
        b"X: 1\n" + raw,
        b"Y: 1\r" + raw,
        re.sub(rb"(?m)^Subject: .*\r$", b"Subject: " + hidden + b"\r", raw),
        re.sub(rb"(?m)^To: .*\r$", b"To: a@example.org, b@example.org\r", raw),
    ):
        with pytest.raises(AssertionError):
            check(wrong, own)
