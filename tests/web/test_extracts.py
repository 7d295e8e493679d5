"""Extracts of texts for the results of a search, with the searched words marked."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from forum.folding import fold_with_origins, search_fold
from forum.web.extracts import PIECES, SHOWN, Part, extract, mark


def shown(parts: list[Part]) -> str:
    """Return the parts of an extract as one text, with the searched words in brackets."""
    return "".join(f"[{part.text}]" if part.is_hit else part.text for part in parts)


@pytest.mark.parametrize(
    ("text", "wanted", "marked"),
    [
        ("Øresund", ["oresund"], "[Øresund]"),
        ("STRASSE, Straße", ["strasse"], "[STRASSE], [Straße]"),
        ("Straße", ["as"], "Str[aß]e"),
        ("Þór", ["h"], "[Þ]ór"),
        ("o\u0308l", ["o"], "[o\u0308]l"),  # a combining mark stays with its letter
        ("nätverk", ["nat", "verk"], "[nätverk]"),
        ("banana", ["ana", "nan"], "b[anana]"),
        ("abc", ["x"], "abc"),
        ("", ["x"], ""),
    ],
)
def test_words_are_marked_in_any_spelling(text, wanted, marked):
    assert shown(mark(text, wanted)) == marked


def test_extract_is_the_paragraph_with_most_of_the_words():
    text = ["Only one.", "One and two here.", "Two."]
    assert shown(extract(text, ["one", "two"])) == "[One] and [two] here."


def test_extract_has_a_second_piece_for_words_that_the_first_lacks():
    assert shown(extract(["Two is late.", "Nothing.", "One."], ["one", "two"])) == "[Two] is late. … [One]."


def test_extract_of_a_long_paragraph_is_cut_between_words():
    text = "before " * 90 + "here it is " + "after " * 90
    said = shown(extract([text], ["here"]))
    assert said.startswith("… before ")
    assert said.endswith("after …")
    assert "[here] it is" in said
    assert len(said) <= SHOWN + 6


@pytest.mark.parametrize("text", ["x" * 5000 + "needle" + "x" * 5000, "needle" + "x" * 5000])
def test_extract_of_one_endless_word_holds_what_was_searched_for(text):
    said = shown(extract([text], ["needle"]))
    assert "[needle]" in said
    assert len(said) <= SHOWN + 6


def test_extract_of_a_text_without_the_words_is_empty():
    assert extract(["A", "B"], ["x"]) == extract([], ["x"]) == []


@given(st.text(max_size=60), st.lists(st.text(min_size=1, max_size=4), max_size=3))
def test_marking_loses_and_adds_nothing(text, words):
    wanted = [word for word in map(search_fold, words) if word and " " not in word]
    parts = mark(text, wanted)
    assert "".join(part.text for part in parts) == text
    assert all(any(word in search_fold(part.text) for word in wanted) for part in parts if part.is_hit)
    assert len(extract([text], wanted)) <= (SHOWN + 6) * PIECES


@given(st.text(max_size=60))
def test_folding_letter_by_letter_is_folding(text):
    folded, origins = fold_with_origins(text)
    assert " ".join(folded.split()) == search_fold(text)
    assert (len(folded), origins) == (len(origins), sorted(origins))
