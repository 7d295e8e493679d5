"""The normal form of earlier sites' URLs, for comparing them: those sites wrote å ä ö as a and o."""

import re
from urllib.parse import unquote

from forum.folding import search_fold

LONGEST = 300
APART = re.compile(r"[^a-z0-9]+")

# Matches the URL of a page on an earlier site as somebody pastes it, or only its path, and captures the path.
PASTED = re.compile(r"(?i:https?://[^/?#]+)?([^?#]*)(?:[?#].*)?")


def path_of(address: str) -> str:
    """Return the path of a URL as browsers copy it, such as "/hörd" of "https://old.example/h%C3%B6rd?a=1".

    Old addresses are compared by their paths alone, so query and fragment are left out.
    """
    match = PASTED.fullmatch(address.strip())
    return unquote(match[1]) if match else address


def plain(part: str) -> str:
    """Return a part of a path in lower case with only a–z, digits and hyphens."""
    return APART.sub("-", search_fold(part[:LONGEST])).strip("-")


def plain_path(path: str) -> str:
    """Return the normal form of an old address, such as "/blogg/2016/11/25/morka-natet"."""
    parts = (plain(part) for part in path[:LONGEST].split("/"))
    return "/" + "/".join(part for part in parts if part)


def category_path(language: str, slug: str) -> str:
    """Return the normal form of the path of a category's page."""
    return plain_path(f"/{language}/news/categories/{slug}")


def is_old(path: str) -> bool:
    """Return whether a text can be stored as an old address: a path longer than "/" that is short enough when folded.

    Folding writes some characters as several: "㎯" becomes "rad/s2".
    """
    return path.startswith("/") and len(path) <= LONGEST and 1 < len(plain_path(path)) <= LONGEST
