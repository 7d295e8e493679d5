"""Promises of public pages are true: docs/promises.md lists each promise with the tests that prove it.

The tests read the pages of registering, the privacy notice and the accessibility statement sentence by sentence: a
sentence that promises something and is not listed fails. No public text promises a feature that does not exist.
"""

import ast
import re
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path

import pytest

from forum.settings.project import PROJECT

LIST = PROJECT / "docs/promises.md"
SPAN = re.compile(r"`([^`]+)`")
ROW = re.compile(r"^\| (.+) \|$", re.MULTILINE)
TEXT = re.compile(r"""(?:_|gettext)\(\s*"((?:[^"\\]|\\.)*)\"""")
SENTENCE_END = re.compile(r"(?<=[.:;?])\s+|\s*\|\s*|\n+")
# Words of a promise: what will happen, what never happens, or what is done with a person's data.
PROMISE = re.compile(
    r"\b(never|nobody|at once|automatically|encrypted|erased?|deleted?|(?:is|are) (?:kept|held|served|arranged)"
    r"|we (?:send|write|answer|offer|use|sell|keep|erase|delete|arrange|will)|only used|within)\b",
    re.IGNORECASE,
)
# Pages that consist of promises: each sentence on them is checked.
LOOKED_AT = (
    *sorted((PROJECT / "templates/public/registration").glob("*.html")),
    *(
        PROJECT / f"forum/demo/content/events/nf27/pages/{name}.en.md"
        for name in ("privacy", "accessibility")
    ),
    *(PROJECT / f"forum/events/first_texts/{name}.en.md" for name in ("privacy", "accessibility")),
)
# Sentences with words of a promise (PROMISE) that promise nothing.
NO_PROMISES = {
    "How long the data are kept",
    "What the forum collects, why, who sees it, how long it is kept and what rights you have.",
    "All other registrations stay until the organiser erases them.",
    "have data erased",
    "It has no places, and nobody waits for one.",
    "Within an hour very many messages have been asked for to addresses that end like yours.",
    "Your answers are no longer kept here",
    "Nobody from outside has reviewed the website.",
    "We send a link to it.",
    "We write out what the figures mean, but they may still take time to read.",
    # Sentences of drafts with a blank, which promise something only once an organiser has filled the blank in.
    "The organiser erases them at the latest on the day on which you erase registrations].",
    "We answer within number of days].",
}
PUBLIC_TEXTS = (
    *sorted((PROJECT / "templates/public").rglob("*.html")),
    *sorted((PROJECT / "templates/components").rglob("*.html")),
    *sorted((PROJECT / "templates/mail").rglob("*.txt")),
    *sorted((PROJECT / "forum/demo").rglob("*.md")),
    *sorted((PROJECT / "forum/demo/content").rglob("*.toml")),
    *sorted((PROJECT / "forum/events/first_texts").iterdir()),
    *(PROJECT / name for name in ("forum/registration/forms.py", "forum/privacy/register.py")),
)
# Texts in which no programme may be promised. The template of the front page is left out: it links to a programme only
# if there is one.
OF_A_PROGRAMME = [path for path in PUBLIC_TEXTS if path.is_relative_to(PROJECT / "forum/demo")]
# Features that do not exist, each with the words for it in both languages. A text may name one to say it is missing.
UNBUILT = {
    "badges": r"\bbadges?\b|namnskylt",
    "erasing by itself": r"\b(?:30|180) (?:days|dagar) (?:after|efter)|delete it afterwards|raderar det efteråt",
    "a programme": r"\bthe (?:whole )?programme\b|\bprogrammet\b",
}
# The only data that are erased automatically some days after the forum: see privacy/lapsed.
IS_ERASED = (
    "A registration that ended because an offered place was not accepted in time is erased 30 days after the forum,"
    " automatically.",
    "En anmälan som upphörde eftersom ingen tackade ja till en erbjuden plats i tid raderas automatiskt 30 dagar efter"
    " forumet.",
)
SAID_TO_BE_NONE = re.compile(
    r"\bno (?:such )?list\b|there is none|no list|if there is one|a list of participants would|does not exist so far"
    r"|may appear in a list|får stå i en deltagarlista|en deltagarlista skulle|ingen deltagarlista"
    r"|finns inte än|någon sådan lista|about a list of participants|om en deltagarlista",
    re.IGNORECASE,
)


def test_every_promise_stands_on_its_page():
    lost = [
        f"{place}: {promise}"
        for promise, places in promises()
        for place in places
        if promise not in read(place)
    ]
    assert lost == []


def test_every_promise_has_a_test_that_is_there():
    kept = rows("Kept by the service")
    assert len(kept) > 30
    named = [name for row in kept for name in SPAN.findall(row[2])]
    assert [name for name in named if not is_there(name)] == []
    assert [row[0] for row in kept if not SPAN.findall(row[2])] == []


@pytest.mark.parametrize("path", LOOKED_AT, ids=lambda path: path.name)
def test_every_sentence_that_promises_something_is_listed(path):
    assert unlisted(sentences(path.read_text(), path.suffix)) == []


@pytest.mark.parametrize("what", UNBUILT)
def test_no_public_text_promises_what_does_not_exist(what):
    found = [
        f"{path.relative_to(PROJECT)}: {sentence}"
        for path in (OF_A_PROGRAMME if what == "a programme" else PUBLIC_TEXTS)
        for sentence in paragraphs(path)
        if promises_unbuilt(what, sentence)
    ]
    assert found == []


def test_a_promise_without_a_test_and_one_of_what_is_not_there_are_found():
    """Control: a missing test, an unlisted promise, and a promise of a missing feature are found."""
    assert not is_there("tests/guards/test_promises.py::test_that_was_renamed")
    assert not is_there("tests/guards/test_nowhere.py::test_x")
    assert is_there("tests/guards/test_promises.py::test_every_promise_stands_on_its_page")
    assert unlisted(["We send you flowers.", "Nobody from outside has reviewed the website."]) == [
        "We send you flowers."
    ]
    planted = {
        "badges": "Your badge shows it.",
        "erasing by itself": "Allt raderas 180 dagar efter forumet.",
        "a programme": "It stands in the programme.",
    }
    assert [what for what, text in planted.items() if promises_unbuilt(what, text)] == list(UNBUILT)
    assert not promises_unbuilt("badges", "There is none of the badges.")
    more = "Allt raderas 180 dagar efter forumet, även en erbjuden plats."
    said = [more, *IS_ERASED, *(f"- {one} {more}" for one in IS_ERASED)]
    found = [promises_unbuilt("erasing by itself", one) for one in said]
    assert found == [True, False, False, True, True]


def promises() -> Iterator[tuple[str, list[str]]]:
    """Yield each promise that docs/promises.md lists, with the files in which the sentence stands."""
    for heading in ("Kept by the service", "Kept by the organiser"):
        for promise, where, *_tests in rows(heading):
            yield promise, SPAN.findall(where)


def rows(heading: str) -> list[list[str]]:
    """Return the cells of the table below a heading of docs/promises.md."""
    section = LIST.read_text().partition(f"## {heading}\n")[2].partition("\n## ")[0]
    return [row.split(" | ") for row in ROW.findall(section)][1:]


def unlisted(said: Iterable[str]) -> list[str]:
    """Return the sentences that promise something and that docs/promises.md does not list."""
    listed = " ".join(promise for promise, _places in promises())
    return [
        sentence
        for sentence in said
        if PROMISE.search(sentence) and sentence not in NO_PROMISES and sentence.rstrip(".;") not in listed
    ]


def sentences(text: str, suffix: str) -> Iterator[str]:
    """Yield the sentences of an HTML template's translatable texts, or of a page in Markdown."""
    for part in TEXT.findall(text) if suffix == ".html" else [plain(text)]:
        for sentence in SENTENCE_END.split(part):
            if cleaned := sentence.strip(" -#*"):
                yield cleaned


def plain(text: str) -> str:
    """Return a Markdown text without the markup of links, bold words and heading ids."""
    text = re.sub(r"\]\([^)]*\)|\[|\*\*|\{#[a-z-]+\}|^summary: ", "", text, flags=re.MULTILINE)
    return text.replace("---", "")


def paragraphs(path: Path) -> list[str]:
    """Return a file's lines, each a paragraph: a line that names a missing feature has to say that it is missing."""
    return path.read_text().split("\n")


def promises_unbuilt(what: str, text: str) -> bool:
    """Return whether a text names a feature that does not exist, without saying that it is missing."""
    for sentence in IS_ERASED:
        text = text.replace(sentence, "")
    return bool(re.search(UNBUILT[what], text, re.IGNORECASE)) and not SAID_TO_BE_NONE.search(text)


@cache
def read(place: str) -> str:
    """Return a file's text on one line, without Markdown markup."""
    return " ".join(plain((PROJECT / place).read_text()).split())


@cache
def is_there(name: str) -> bool:
    """Return whether this test exists: "tests/home/test_front.py::test_front_says_what_when_and_where"."""
    path, _, function = name.partition("::")
    file = PROJECT / path
    if not file.is_file():
        return False
    return any(
        isinstance(node, ast.FunctionDef) and node.name == function
        for node in ast.parse(file.read_text()).body
    )
