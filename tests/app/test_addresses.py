"""Which mail addresses are accepted, in forms, commands and settings alike (S27, S36; RFC 5321, RFC 2047)."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from forum import addresses
from forum.addresses import (
    AddressTooLong,
    HoldsEncodedWord,
    HoldsHidden,
    LocalPartTooLong,
    NameHoldsUnsafe,
    NeedsUtf8,
    NotAnAddress,
)
from forum.outbox.addresses import mailbox

LONG = f"{'p' * 64}@{'d' * 60}.{'d' * 60}.{'d' * 60}.exampl"
PIECES = (
    "a",
    "Å",
    "=?",
    "?=",
    "?q?",
    "@",
    "@x.se",
    ".",
    " ",
    "\u200d",
    "\u202e",
    "\x07",
    "\u3000",
    "p" * 32,
    "<",
    '"',
    "+",
)
TYPED = (
    st.emails() | st.lists(st.sampled_from(PIECES)).map("".join) | st.text(max_size=40).map("{}@x.se".format)
)


def refusal_of(text: str, **how) -> type[NotAnAddress] | None:
    try:
        addresses.read(addresses.trimmed(text), **{"takes_utf8": True, **how})
    except NotAnAddress as refusal:
        return type(refusal)
    return None


@pytest.mark.parametrize(
    ("typed", "refusal"),
    [
        (f"{'p' * 64}@example.org", None),
        (f"{'p' * 65}@example.org", LocalPartTooLong),
        (f"{'å' * 32}@example.org", None),
        (f"{'å' * 33}@example.org", LocalPartTooLong),
        (LONG, None),
        (f"{LONG}e", AddressTooLong),
        ("=?utf-8?q?anna?=@example.org", HoldsEncodedWord),
        ("anna@example.org=?x?=", HoldsEncodedWord),
        ("1+1=?@example.org", None),
        ("an\x00na@example.org", HoldsHidden),
        ("\x1fanna@example.org", HoldsHidden),
        ("anna\x85@example.org", HoldsHidden),
        ("an\nna@example.org", HoldsHidden),
        ("\u202aanna@example.org\u202c", HoldsHidden),
        ("an\u200bna@example.org", HoldsHidden),
        ("anna@exam\xadple.org", HoldsHidden),
        ("anna\ufffd@example.org", HoldsHidden),
        ("an\ud800na@example.org", HoldsHidden),
        (" anna@example.org\r\n", None),
        ("an na@example.org", NotAnAddress),
        ("anna", NotAnAddress),
        ("", NotAnAddress),
    ],
)
def test_what_is_no_part_of_an_address_is_refused_by_its_kind(typed, refusal):
    assert refusal_of(typed) is refusal


def test_letters_beyond_ascii_need_a_server_that_takes_them():
    assert refusal_of("åse@example.org", takes_utf8=False) is NeedsUtf8
    assert refusal_of("ase@blåbär.example.org", takes_utf8=False) is None


@pytest.mark.parametrize(
    ("setting", "refusal"),
    [
        ("Forum, the Nordic <forum@example.org>", None),
        ("forum@localhost", None),
        ("Nordic Forum", NotAnAddress),
        ("Forum <forum@exa mple.org>", NotAnAddress),
        (f"Forum <{'f' * 65}@example.org>", LocalPartTooLong),
        ("Forum <=?utf-8?q?f?=@example.org>", HoldsEncodedWord),
        ("Forum <forum\u200b@example.org>", HoldsHidden),
        ("=?utf-8?q?Forum?= <forum@example.org>", NameHoldsUnsafe),
        ("For\x07um <forum@example.org>", NameHoldsUnsafe),
    ],
)
def test_sender_is_a_mailbox_by_the_same_rule(setting, refusal):
    try:
        addresses.refuse_wrong_sender(setting)
        found = None
    except NotAnAddress as refused:
        found = type(refused)
    assert found is refusal


@given(TYPED)
@example("=?utf-8?q?a?=@x.se")
@example(f"{'å' * 40}@x.se")
def test_mail_can_be_made_for_every_address_that_is_taken(typed):
    """Every accepted address can get a mail: without a mail nobody could confirm a registration."""
    try:
        taken = addresses.read(addresses.trimmed(typed), takes_utf8=True)
    except NotAnAddress:
        return
    assert mailbox(taken).address
    assert len(taken.rpartition("@")[0].encode()) <= 64
    assert addresses.read(taken, takes_utf8=True) == taken
