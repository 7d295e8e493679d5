"""No two kinds of page have the same title in a language, because titles tell browser tabs apart (A09)."""

import re
from collections import defaultdict
from html import unescape
from itertools import product

import pytest

from forum.web.languages import NAMES
from tests.guards.addresses import readable
from tests.guards.refusals import refused_briefly
from tests.guards.world import ADMIN, HERE, PERSON, VISITOR, World

# Its first match is the title of the page; drawings (SVG) further down may have titles, too.
TITLE = re.compile(r"<title>(.*?)</title>", re.DOTALL)


@pytest.mark.parametrize(
    "language", [pytest.param(code, marks=() if code == "en" else pytest.mark.slow) for code in NAMES]
)
def test_pages_of_different_kinds_have_different_titles(world, language):
    found = titles(world, language)
    assert len(found) > 30
    assert shared(found) == {}


def test_shared_titles_are_found():
    """Control: a title that two kinds of page have is found."""
    assert shared(
        {"News – Forum": {"news.index", "news.year"}, "Register – Forum": {"registration.choose"}}
    ) == {"News – Forum": {"news.index", "news.year"}}


def shared(found: dict[str, set[str]]) -> dict[str, set[str]]:
    """Return the titles that several kinds of page share."""
    return {title: kinds for title, kinds in found.items() if len(kinds) > 1}


def titles(world: World, language: str) -> dict[str, set[str]]:
    """Return the titles of all pages, each with the endpoints whose pages have this title."""
    found: dict[str, set[str]] = defaultdict(set)
    with refused_briefly():
        for audience, address in product((VISITOR, PERSON, ADMIN), readable(world, (HERE,))):
            path = address.path.replace("/en/", f"/{language}/")
            answer = world.browsers[audience].get(path, query_string={"lang": language})
            if answer.status_code == 200 and answer.mimetype == "text/html":
                found[unescape(TITLE.search(answer.text)[1])].add(address.endpoint)
    return found
