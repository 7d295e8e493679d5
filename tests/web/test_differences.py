"""Comparing two texts word by word."""

import pytest

from forum.web.differences import MOST_STEPS, Kind, compare_words


def told(before: str, after: str) -> str:
    """Return the difference as one text, with deleted words in brackets and new words in braces."""
    marks = {Kind.SAME: "{}", Kind.GONE: "[{}]", Kind.NEW: "{{{}}}"}
    return "".join(marks[piece.kind].format(piece.text) for piece in compare_words(before, after))


@pytest.mark.parametrize(
    ("before", "after", "difference"),
    [
        ("", "", ""),
        ("same", "same", "same"),
        ("", "new", "{new}"),
        ("gone", "", "[gone]"),
        ("One talk is enough.", "One interview must be enough.", "One [talk is]{interview must be} enough."),
        ("a\nb\nc", "a\nx\nc", "a\n[b]{x}\nc"),
        ("Åsa sade “ja”.", "Åsa sade “nej”.", "Åsa sade “[ja]{nej}”."),
        ("a b", "a  b", "a{ } b"),
    ],
)
def test_words_that_differ_are_told_apart(before, after, difference):
    assert told(before, after) == difference


@pytest.mark.parametrize("text", ["a\n", "a "])
def test_long_texts_are_compared_in_bounded_steps(text):
    """Texts of many equal words or lines, the worst case, are not compared but shown as replaced."""
    before, after = text * 15_000, text * 14_999 + "b"
    assert len(before.split()) ** 2 > MOST_STEPS
    pieces = compare_words(before, after)
    assert "".join(piece.text for piece in pieces if piece.kind != Kind.NEW) == before
    assert "".join(piece.text for piece in pieces if piece.kind != Kind.GONE) == after
