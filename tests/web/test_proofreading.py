"""Hints for editors: words that soon become untrue, such as "today"; terms, quotation marks, length, readability."""

import hashlib
from datetime import date

import pytest
from flask import g

from forum.images.hints import hints_about_images
from forum.web import proofreading
from forum.web.forms import LONGEST_TEXT
from forum.web.proofreading import Advice, proofread

DAY = date(2027, 9, 16)  # the texts are written on this day, a Thursday

TERMS = {
    "en": {
        "child pornography": Advice("documented sexual abuse of children", "It is a crime."),
        "ai": Advice("artificial intelligence"),
    },
    "sv": {"barnpornografi": Advice("dokumenterade sexuella övergrepp mot barn")},
}


@pytest.fixture(autouse=True)
def request_in_english(app):
    with app.test_request_context("/en/"):
        g.language = "en"
        yield


def hints(text: str, language: str = "en") -> list[tuple[int, str]]:
    return [(hint.line, hint.words) for hint in proofread(text, language, DAY, TERMS[language]).hints]


@pytest.mark.parametrize(
    ("text", "language", "better"),
    [
        ("Yesterday we met.", "en", "On 15 September 2027"),
        ("We meet tomorrow.", "en", "on 17 September 2027"),
        ("Last week they agreed.", "en", "In the week of 6 September 2027"),
        ("It begins next month.", "en", "in October 2027"),
        ("Vi sågs i går.", "sv", "den 15 september 2027"),
        ("Förra året var de färre.", "sv", "2026"),
        ("Closed until tomorrow.", "en", "17 September 2027"),
        ("Under förra månaden var de färre.", "sv", "augusti 2027"),
        ("Nästa vecka ses vi.", "sv", "Veckan från den 20 september 2027"),
    ],
)
def test_relative_date_is_pointed_out_with_the_absolute_one(text, language, better):
    (hint,) = proofread(text, language, DAY, TERMS[language]).hints
    assert hint.meant == f"It will not be true for long. Better: {better}"


def test_last_month_of_january_is_in_the_year_before():
    (hint,) = proofread("Last month", "en", date(2027, 1, 31), {}).hints
    assert hint.meant.endswith("December 2026")


def test_term_that_is_not_used_is_pointed_out_in_its_line():
    assert hints("One.\n\nStatutes say Child pornography.") == [(3, "Child pornography")]
    assert hints("Lagen säger barnpornografi, inte barnpornografibrott.", "sv") == [(1, "barnpornografi")]


@pytest.mark.parametrize(
    ("text", "language", "found"),
    [
        ("She said “yes.", "en", ["“"]),
        ("She said yes”.", "en", ["”"]),
        ("She said “yes” and “no”.", "en", []),
        ("Hon sade ”ja.", "sv", ["”"]),
        ("Hon sade ”ja”.", "sv", []),
        ('He said "yes.', "en", ['"']),
    ],
)
def test_quotation_mark_without_another_is_pointed_out(text, language, found):
    assert [words for _line, words in hints(text, language)] == found


@pytest.mark.parametrize(
    ("text", "language", "mended"),
    [
        ("A today.\nWe met today, not today.", "en", "A today.\nWe met on 16 September 2027, not today."),
        ("Child pornography.", "en", "Documented sexual abuse of children."),
        ("CHILD PORNOGRAPHY", "en", "DOCUMENTED SEXUAL ABUSE OF CHILDREN"),
        ("## POLICE AND AI", "en", "## POLICE AND ARTIFICIAL INTELLIGENCE"),
        ("AI is here.", "en", "Artificial intelligence is here."),
        ("AI", "en", "Artificial intelligence"),
        ("One. Or “AI” in all.", "en", "One. Or “artificial intelligence” in all."),
        ("Begins today at 14:00", "en", "Begins on 16 September 2027 at 14:00"),
        ('She said “yes".', "en", "She said “yes”."),
        ("She said ”yes”.", "en", "She said “yes”."),
        ('😀 Hon sade ”ja".', "sv", "😀 Hon sade ”ja”."),
    ],
)
def test_replacement_changes_its_own_place(text, language, mended):
    care = proofread(text, language, DAY, TERMS[language])
    line = 2 if "\n" in text else 1
    hint = next(hint for hint in care.hints if hint.line == line and hint.better)
    # A hint is still found by its key after lines were added above it.
    moved = proofread(f"New.\n\n{text}", language, DAY, TERMS[language]).find(hint.key)
    assert moved.replace_in(f"New.\n\n{text}") == f"New.\n\n{mended}"
    assert proofread(text.replace(hint.within, "Else."), language, DAY, {}).find(hint.key) is None


@pytest.mark.parametrize(
    "text",
    [
        "Today’s talks",
        "a mid-today word",
        "[more](https://example.org/today)",
        "{{today}}",
        'He said "yes.',
        "She said “yes.",
        '“yes”, he said ”no” and 5"',
    ],
)
def test_hint_without_a_single_safe_replacement_has_none(text):
    care = proofread(text, "en", DAY, {})
    assert [hint.better for hint in care.hints] == [""]
    assert care.find(care.hints[0].key) is None


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("Open during the next week.", "en"),
        ("In the last year they grew.", "en"),
        ("We meet tomorrow morning.", "en"),
        ("We meet today, 28 November.", "en"),
        ("We meet today, Saturday, November 28.", "en"),
        ("Vi sågs igår kväll.", "sv"),
        ("Vi ses i morgon bitti.", "sv"),
        ("Vi ses i dag, den 28 november.", "sv"),
        ("Vi ses idag den 28 november.", "sv"),
    ],
)
def test_relative_date_that_is_a_part_of_a_longer_one_has_no_replacement(text, language):
    assert [hint.better for hint in proofread(text, language, DAY, {}).hints] == [""]


def test_code_has_no_replacement():
    code = "until today, AI"
    text = f'{code}\n\n    {code}\n    say "yes\n\n- One\n\n    {code}\n\n```\n{code}\n```'
    hints = proofread(text, "en", DAY, TERMS["en"]).hints
    assert [(hint.line, bool(hint.better)) for hint in hints] == [
        *[(1, True)] * 2,
        *[(3, False)] * 2,
        (4, False),
        *[(8, True)] * 2,
        *[(11, False)] * 2,
    ]


def test_advice_with_a_choice_is_no_replacement():
    (hint,) = proofread("The victims", "en", DAY, {"victims": Advice("children or adults")}).hints
    assert (hint.words, hint.better) == ("victims", "")


def test_words_within_others_are_no_hints():
    assert hints("The todayish yesterdays of lastweek") == []


def test_length_and_ease_are_told():
    care = proofread("One two three. Four considerations.", "en", DAY, {})
    assert (care.words, care.minutes, care.lix) == (5, 1, 22)
    assert (proofread("", "en", DAY, {}).words, proofread("", "en", DAY, {}).lix) == (0, 0)


def test_text_that_is_too_long_to_be_saved_has_no_hints():
    """A text that is too long gets no hints: the replace button sends it before anything checks its length (S25)."""
    text = "today " + "a " * LONGEST_TEXT
    assert hints(text[:LONGEST_TEXT]) == [(1, "today")]
    assert hints(text) == []
    assert proofread("", "en", DAY, {}, above=[("lead", "Lead", text)]).hints == []
    assert len(hints_about_images("{{image" + " " * (LONGEST_TEXT - 7))) == 1
    assert hints_about_images("{{image" + " " * LONGEST_TEXT) == []


def test_twice_the_text_on_one_line_needs_about_twice_the_digests(monkeypatch):
    digest, read = hashlib.blake2b, []

    def count(said: bytes, **options):
        read.append(len(said))
        return digest(said, **options)

    monkeypatch.setattr(proofreading.hashlib, "blake2b", count)
    sums = []
    for times in (500, 1000):
        read.clear()
        assert proofread("today " * times, "en", DAY, {}).find("body:1:none") is None
        sums.append(sum(read))
    assert 0 < sums[1] < 3 * sums[0]
