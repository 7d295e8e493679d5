"""Typed texts become one line without invisible characters; zero-width joiners stay where they matter (S27, S36)."""

import re
import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from forum.folding import search_fold
from forum.tidying import CONTROLS, UNSEEN, longest_word, tidy, tidy_lines, trim

HIDDEN = re.compile(f"[{UNSEEN}{CONTROLS}]")
AS_TYPED = {
    "Persian": "علی‌رضا",
    "Persian with a mark": "عَلی‌رضا",
    "Sinhala": "ශ්‍රී ලංකා",
    "Telugu": "రాజ్‌కుమార్",
    "Bengali": "র‍্যাচেল",
    "Malayalam, at the end of a word": "മോഹന്‍",
    "Nepali": "गर्‍यो",
    "Japanese family name in its own form": "葛\U000e0100城",
    "Mongolian": "ᠨᠠᠷᠠ᠎ᠠ",
    "family": "👨‍👩‍👧‍👦 Berg",
    "fire on a heart": "❤️‍🔥",
    "skin and profession": "👩🏽‍⚖️",
    "nodding": "🙂‍↕️",
    "keycap": "1️⃣",
    "Scotland": "🏴\U000e0067\U000e0062\U000e0073\U000e0063\U000e0074\U000e007f",
}
ALPHABET = (
    "aA5 .م،رعक्ක්ර്্র葛ᄀ️"
    "\u200c\u200d\ufe0f\u180b\u180e\u030a\u0327\u3099\u064e\u09bc\u1161\U000e0100\U000e0067\U000e007f\U0001f3f4👩🏽❤\u202e\x00\u2800\u3164\t"
)
TEXTS = st.text(st.sampled_from(ALPHABET), max_size=12) | st.text()


@pytest.mark.parametrize(
    ("typed", "tidied"),
    [
        ("  Anna \t Maria\n", "Anna Maria"),
        ("A\u030asa", "\u00c5sa"),
        ("Anna\x00\x07\x1b[31m", "Anna[31m"),
        ("A\x00\u030asa", "\u00c5sa"),
        ("Anna\u200b\u2060\ufeff\u00ad", "Anna"),
        ("Anna\u202e\u2066anna\u061c\u200f", "Annaanna"),
        ("rad\u2028rad\u2029rad\u0085rad", "rad rad rad rad"),
        ("a\ud800b", "ab"),
        ("Þórdís Łęcka Čáhppe", "Þórdís Łęcka Čáhppe"),
        ("\u00a0Anna\u3000Berg\u00a0", "Anna Berg"),
        ("", ""),
    ],
)
def test_tidy_leaves_what_can_be_seen_in_one_line(typed, tidied):
    assert tidy(typed) == tidied


@pytest.mark.parametrize("text", AS_TYPED.values(), ids=AS_TYPED)
def test_joiner_that_is_seen_comes_back_as_typed(text):
    assert HIDDEN.search(text)
    assert tidy(text) == text


@pytest.mark.parametrize(
    ("typed", "tidied"),
    [
        ("An\u200cna", "Anna"),
        ("An\u200dna\ufe0f", "Anna"),
        ("\u200cعلی\u200c", "علی"),
        ("علی\u200c رضا", "علی رضا"),
        ("علی\u200c\u200cرضا", "علی\u200cرضا"),
        ("రాజ్\u200c", "రాజ్"),
        ("👩\u200d", "👩"),
        ("👩\u200danna", "👩anna"),
        ("🏴\U000e0067\U000e0062", "🏴"),
        ("Anna\U000e0041\U000e007f", "Anna"),
    ],
)
def test_joiner_that_nobody_sees_goes(typed, tidied):
    assert tidy(typed) == tidied


@pytest.mark.parametrize(
    "text", ["\u200d", "\u200c\ufe0f", "\u3164", "\u2800 \u2800", "\u115f\u1160", "\u034f"]
)
def test_what_is_invisible_alone_is_no_text(text):
    assert tidy(text) == ""


@given(TEXTS)
@example("\u0f71\u200c\u094d\u200d")  # NFC reorders these marks once the joiner between them is removed
@example("ᄀ\u200dᅡ\ufe0f")
def test_tidy_is_one_clean_line_and_tidying_again_changes_nothing(text):
    clean = tidy(text)
    assert tidy(clean) == clean
    assert not {unicodedata.category(character) for character in clean} & {"Cc", "Cs", "Zl", "Zp"}
    assert clean == clean.strip()
    assert unicodedata.is_normalized("NFC", clean)
    clean.encode()


@given(TEXTS)
def test_nothing_is_invisible_alone(text):
    """No word consists of or begins with invisible characters, and none changes the direction of writing."""
    words = tidy(text).split()
    assert [word for word in words if HIDDEN.match(word)] == []
    assert [word for word in words if any(mark in word for mark in "\u061c\u200e\u200f\u202e\u2066")] == []


@given(TEXTS)
@example(AS_TYPED["Persian"])
@example(AS_TYPED["family"])
def test_search_finds_a_text_with_and_without_its_joiners(text):
    assert search_fold(tidy(text)) == search_fold(HIDDEN.sub("", tidy(text)))


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("a\r\nb\rc\u2028d", "a\nb\nc\nd"),
        (" \n\n- one  \n  - two  \n\n ", "- one\n  - two"),
        ("  - one\n- two \n \n three", "- one\n- two\n\n three"),
        ("  - one\n\n  - two", "  - one\n\n  - two"),
        ("a\n\n\tcode\t\n", "a\n\n    code"),
        ("\tcode\n\t\tmore", "    code\n        more"),
        ("\t a \u00a0", "a"),
        ("a\u200bb\x00 \x1f c\u202e", "ab  c"),
        ("e\u0301 A\u030a", "é Å"),
    ],
)
def test_lines_keep_their_indentation(typed, kept):
    assert tidy_lines(typed) == kept


@given(TEXTS)
def test_trimming_again_changes_nothing(text):
    assert trim(trim(text)) == trim(text)
    assert [line for line in trim(text).split("\n") if line != line.rstrip()] == []


def test_no_more_than_a_word_is_normalised_at_once():
    assert longest_word("aaa bb\tc\nddddd") == 5
    assert longest_word("") == 0
