"""The code of a registration lies in few files, which docs/architecture.md names; the tests trace it and count them.

The rule for counting stands in docs/decisions.md under "The house": count from the valid form to the outbox.
"""

import re
import sys
from pathlib import Path

import pytest

import forum
from tests.registration.filling import checked

pytestmark = pytest.mark.usefixtures("frozen")
PACKAGE = Path(forum.__file__).parent
ARCHITECTURE, DECISIONS = PACKAGE.parent / "docs/architecture.md", PACKAGE.parent / "docs/decisions.md"
MOST_STAYS, MOST_RETURNS = 12, 4
# A reader's way is a row of stays in files. No stay counts in tools (the packages TOOLS and the files directly in
# forum/), which know no feature, in finders, which only read the database, and in values, which only compute.
TOOLS = {"audit", "web"}
FINDERS = {"queries"}
VALUES = {
    "applicant", "belonging", "caps", "deadlines", "enums", "forms", "given", "line", "models", "names", "searching",
    "senders",
}  # fmt: skip


@pytest.fixture
def app(make_app, sqlite_url):
    return make_app(sqlite_url, FORM_MIN_SECONDS=0)


def test_a_registration_goes_through_the_few_files_that_the_documents_name(pages, event):
    page = checked(pages)
    calls = traced(lambda: page.submit(button="Register", expect=303))
    way, with_values = follow(calls), follow(calls, values=set())
    assert named(ARCHITECTURE.read_text()) == way
    assert (len(way) <= MOST_STAYS, returns_of(way) <= MOST_RETURNS) == (True, True)
    assert f"{len(way)} stays and {returns_of(way)} returns" in ARCHITECTURE.read_text()
    assert f"{len(with_values)} stays and {returns_of(with_values)} returns" in DECISIONS.read_text()


def test_a_file_that_is_left_and_entered_again_is_a_return():
    calls = [
        ("a/rules", "one"),
        ("web/tool", "help"),
        ("a/rules", "two"),
        ("b/rules", "one"),
        ("a/rules", "_two"),
    ]
    assert follow([*calls, ("a/rules", "one")]) == [("rules.one", False), ("rules.one", False)]
    assert follow([*calls, ("a/rules", "three")])[-1] == ("rules.three", True)


def traced(act) -> list[tuple[str, str]]:
    """Return the file (without suffix) and name of each function that another function of the forum called.

    Functions that SQLAlchemy, Flask or WTForms call, such as listeners, are not on the way that a reader follows.
    """
    calls: list[tuple[str, str]] = []

    def note(frame, event, _arg):
        if event == "call" and within(frame) and frame.f_back and within(frame.f_back):
            calls.append((within(frame), frame.f_code.co_name))

    sys.setprofile(note)
    try:
        act()
    finally:
        sys.setprofile(None)
    first = calls.index(("registration/public", "_register"))
    last = calls.index(("outbox/actions", "queue"))
    return [("registration/public", "details"), *calls[first : last + 1]]


def within(frame) -> str:
    path = Path(frame.f_code.co_filename)
    return path.relative_to(PACKAGE).with_suffix("").as_posix() if path.is_relative_to(PACKAGE) else ""


def follow(calls: list[tuple[str, str]], values: set[str] = VALUES) -> list[tuple[str, bool]]:
    """Return a reader's way: each stay in a file, by file and first function, and whether the file was read before.

    A function is read when it is first called, together with its private helpers.
    """
    stays: list[tuple[str, str, bool]] = []
    read: set[tuple[str, str]] = set()
    for file, name in calls:
        if (file, name) in read or name[0] in "_<" or is_left_out(file, values):
            continue
        read.add((file, name))
        if not stays or stays[-1][0] != file:
            stays.append((file, name, any(before == file for before, _name, _is in stays)))
    return [(f"{file.rpartition('/')[2]}.{name}", is_return) for file, name, is_return in stays]


def is_left_out(file: str, values: set[str]) -> bool:
    room, _, name = file.partition("/")
    return not name or room in TOOLS or name in FINDERS | values


def returns_of(way: list[tuple[str, bool]]) -> int:
    return sum(is_return for _step, is_return in way)


def named(text: str) -> list[tuple[str, bool]]:
    """Return the stays (files with a function) that docs/architecture.md names, in its order."""
    way = re.search(r"A registration, from the form to the outbox;.*?of the outbox\.", text, re.DOTALL)[0]
    return [(step, bool(mark)) for step, mark in re.findall(r"`(\w+\.\w+)`( ↩)?(?= →| of)", way)]
