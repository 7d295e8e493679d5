"""Checks that every page must pass; `check` raises PageProblems with all faults.

Each check takes the parsed page and yields sentences. A new check needs a control in tests/tools/test_pages.py
that shows that it can fail.
"""

import json
import re
from collections import Counter
from collections.abc import Container, Iterator, Mapping
from itertools import pairwise
from urllib.parse import urlsplit

import html5lib
from bs4 import BeautifulSoup, Tag
from html5lib.constants import E as HTML_ERRORS

from forum.accounts.access import Face
from forum.web.headers import CONTENT_SECURITY_POLICY
from forum.web.languages import NAMES

# The type of a <script> with data, which the Content Security Policy allows because browsers do not run it.
DATA_BLOCK = "application/ld+json"
RESOURCES = {
    "img": ("src", "srcset"),
    "script": ("src",),
    "iframe": ("src",),
    "source": ("src", "srcset"),
    "video": ("src", "poster"),
    "audio": ("src",),
    "embed": ("src",),
    "object": ("data",),
    "use": ("href",),
    "form": ("action",),
    "input": ("src", "formaction"),
    "button": ("formaction",),
}
LINKED_RESOURCES = {"stylesheet", "icon", "preload", "modulepreload", "manifest", "prefetch", "preconnect"}
LINKED_RESOURCES |= {"dns-prefetch", "apple-touch-icon", "mask-icon"}
IDREFS = (
    "aria-describedby",
    "aria-labelledby",
    "aria-controls",
    "aria-owns",
    "aria-details",
    "aria-errormessage",
)
LEFTOVER = re.compile(r"%\(\w+\)[sd]?")
UNLABELLED = {"hidden", "submit", "button", "reset", "image"}


class PageProblems(AssertionError):
    """The faults of a page."""

    def __init__(self, path: str, problems: list[str]):
        super().__init__(f"{path}:\n  " + "\n  ".join(problems))
        self.problems = problems


def check(response, path: str, audience=None, soup: BeautifulSoup | None = None) -> None:
    """Check the answer to `path`; `audience` is its route's entry in the access table, `soup` the page if it is already
    parsed. Raises PageProblems."""
    problems = [*headers_problems(response, audience)]
    if response.mimetype == "text/html" and not 300 <= response.status_code < 400:
        problems += page_problems(response.get_data().decode(), soup)
    if problems:
        raise PageProblems(path, problems)


def page_problems(html: str, soup: BeautifulSoup | None = None) -> list[str]:
    """Return what is wrong with a page; `soup` is that page, if it is already parsed."""
    soup = soup or BeautifulSoup(html, "html.parser")
    return [*_invalid_html(html), *(problem for find in CHECKS for problem in find(soup))]


def headers_problems(response, audience) -> Iterator[str]:
    """Check that the answer has the whole Content Security Policy, and that a public page sets no cookie.

    The policy of images of the library also contains `sandbox`.
    """
    policy = response.headers.get("Content-Security-Policy", "")
    if policy.removesuffix("; sandbox") != CONTENT_SECURITY_POLICY:
        yield "the content security policy is missing or another"
    if audience in {Face.PUBLIC, Face.MACHINE} and response.headers.getlist("Set-Cookie"):
        yield "a public page sets a cookie"


def inline_errors(soup: BeautifulSoup) -> dict[str, str]:
    """Return the error message of each field, by the field's id."""
    return {
        element["id"].removesuffix("-error"): _message(element)
        for element in _of_class(soup, "error")
        if element.get("id", "").endswith("-error")
    }


def form_errors(soup: BeautifulSoup) -> dict[str, str]:
    """Return the messages of the error summary that belong to no field."""
    messages = [words(item) for item in soup.select(".error-summary li") if not item.find("a")]
    return {"": "; ".join(messages)} if messages else {}


def _invalid_html(html: str) -> Iterator[str]:
    parser = html5lib.HTMLParser()
    parser.parse(html)
    for (line, column), code, values in parser.errors:
        yield f"invalid HTML at {line}:{column}: {HTML_ERRORS.get(code, code) % values}"


def _frame(soup: BeautifulSoup) -> Iterator[str]:
    """Check that the page has a language, a title, one h1 and landmarks."""
    if not soup.html or soup.html.get("lang") not in NAMES:
        yield "<html> has no language of ours"
    if not words(soup.title):
        yield "no title"
    if len(soup.find_all("h1")) != 1 or not words(soup.h1):
        yield f"{len(soup.find_all('h1'))} h1, or an empty one"
    if len(soup.find_all("main")) != 1:
        yield f"{len(soup.find_all('main'))} main"
    if not soup.find(["header", "nav"]):
        yield "neither header nor nav"
    if "public" in (soup.body.get("class") or [] if soup.body else []) and not soup.find("footer"):
        yield "no footer"


def _headings(soup: BeautifulSoup) -> Iterator[str]:
    """Check that headings skip no level."""
    levels = [int(heading.name[1]) for heading in soup.find_all(re.compile(r"^h[1-6]$"))]
    for above, below in pairwise(levels):
        if below > above + 1:
            yield f"h{below} follows h{above}"


def _ids(soup: BeautifulSoup) -> Iterator[str]:
    ids = Counter(element["id"] for element in soup.find_all(True) if element.has_attr("id"))
    yield from (f"id {name!r} stands {number} times" for name, number in ids.items() if number > 1)
    for label in soup.find_all("label"):
        if label.has_attr("for") and label["for"] not in ids:
            yield f"label for {label['for']!r}, which does not exist"
    for link in soup.find_all("a"):
        target = link.get("href", "")
        if target.startswith("#") and target != "#" and target[1:] not in ids:
            yield f"link to {link['href']!r}, which does not exist"


def _references(soup: BeautifulSoup) -> Iterator[str]:
    """Check that every id exists to which an element refers for its description, name or control."""
    elements = soup.find_all(True)
    ids = {element["id"] for element in elements if element.has_attr("id")}
    for element in elements:
        for attribute in IDREFS:
            for name in (element.get(attribute) or "").split():
                if name not in ids:
                    yield f"{attribute} of <{element.name}> leads to no id {name!r}"


def _field_names(soup: BeautifulSoup) -> Iterator[str]:
    """Check that every field, button and link has a name."""
    labels: dict[str, Tag] = {}
    for label in soup.find_all("label"):
        labels.setdefault(label.get("for", ""), label)
    for field in _named(soup, {"input", "select", "textarea"}):
        if field.get("type") not in UNLABELLED and not _is_labelled(labels, field):
            yield f"field {field.get('name')!r} has no label"
    for element in _named(soup, {"button", "a"}):
        if not (words(element) or element.get("aria-label") or element.get("aria-labelledby")):
            yield f"<{element.name}> without words: {element}"


def _picture_names(soup: BeautifulSoup) -> Iterator[str]:
    """Check that every picture has a text alternative or is marked as decorative."""
    for image in soup.find_all("img"):
        if not image.has_attr("alt"):
            yield f"image without alt: {image.get('src')}"
    for picture in soup.find_all("svg"):
        if not (
            picture.get("aria-label")
            or picture.get("aria-labelledby")
            or picture.get("aria-hidden") == "true"
        ):
            yield "an svg that has neither a name nor aria-hidden"


def _inline_code(soup: BeautifulSoup) -> Iterator[str]:
    """Check that there is no inline script or style, which the Content Security Policy would block."""
    for script in soup.find_all("script"):
        if script.get("type") == DATA_BLOCK:
            yield from _broken_data(script)
        elif not script.get("src") or script.string:
            yield "an inline script"
    if soup.find("style"):
        yield "an inline style element"


def _inline_attributes(soup: BeautifulSoup) -> Iterator[str]:
    """Check that no attribute contains styles, an event handler or a javascript: URL."""
    for element in soup.find_all(True):
        for name, value in element.attrs.items():
            if name == "style" or name.startswith("on"):
                yield f"<{element.name}> has the attribute {name}"
            if isinstance(value, str) and value.strip().lower().startswith(("javascript:", "vbscript:")):
                yield f"<{element.name}> leads to a script: {value[:60]}"


def _foreign_resources(soup: BeautifulSoup) -> Iterator[str]:
    """Check that nothing is loaded from, or sent to, another site (P17)."""
    for element in _named(soup, RESOURCES):
        for attribute in RESOURCES[element.name]:
            for address in (element.get(attribute) or "").split(","):
                if _is_foreign(address.strip()):
                    yield f"<{element.name} {attribute}> leads to another site: {address}"
    for link in soup.find_all("link"):
        if (
            link.has_attr("href")
            and LINKED_RESOURCES.intersection(link.get("rel") or [])
            and _is_foreign(link["href"])
        ):
            yield f"<link> fetches from another site: {link['href']}"


def _leftovers(soup: BeautifulSoup) -> Iterator[str]:
    """Check that no placeholder is left in the text."""
    texts = [soup.get_text(" ")]
    texts += [
        value for element in soup.find_all(True) for value in element.attrs.values() if isinstance(value, str)
    ]
    yield from (f"unfilled placeholder {found}" for text in texts for found in LEFTOVER.findall(text))


def _error_summary(soup: BeautifulSoup) -> Iterator[str]:
    """Check that errors appear in the same words in the summary and at the field, and in the page's title (A02)."""
    summary = next(_of_class(soup, "error-summary"), None)
    inline = inline_errors(soup)
    if summary is None:
        if inline:
            yield f"errors beside fields without a summary: {inline}"
        return
    listed = {words(link) for link in summary.select("li a")}
    if listed != set(inline.values()):
        yield f"the summary says {sorted(listed)}, the fields say {sorted(inline.values())}"
    if not words(soup.title).startswith(("Error:", "Fel:")):
        yield "the title does not start with the word for an error"
    for name in inline:
        if not soup.select_one(f'[aria-describedby~="{name}-error"]'):
            yield f"nothing is described by {name}-error"


CHECKS = (
    _frame,
    _headings,
    _ids,
    _references,
    _field_names,
    _picture_names,
    _inline_code,
    _inline_attributes,
    _foreign_resources,
    _leftovers,
    _error_summary,
)


# Beautiful Soup finds by one name or by `True` several times faster than by lists, attributes or selectors, and these
# checks read every page of the tests.


def _named(soup: BeautifulSoup, names: Container[str]) -> Iterator[Tag]:
    """Yield the elements with one of these names, in the page's order."""
    return (element for element in soup.find_all(True) if element.name in names)


def _of_class(soup: BeautifulSoup, name: str) -> Iterator[Tag]:
    """Yield the elements of a class, in the page's order."""
    return (element for element in soup.find_all(True) if name in (element.get("class") or []))


def _is_labelled(labels: Mapping[str, Tag], field: Tag) -> bool:
    """Return whether a field has a name; `labels` are the first labels by the id of their field."""
    if field.get("aria-label") or field.get("aria-labelledby"):
        return True
    around = next((parent for parent in field.parents if parent.name == "label"), None)
    beside = labels.get(field["id"]) if field.get("id") else None
    return any(words(label) for label in (around, beside) if label)


def _broken_data(script: Tag) -> Iterator[str]:
    try:
        json.loads(script.string or "")
    except ValueError:
        yield "a data block that is not JSON"


def _is_foreign(address: str) -> bool:
    parts = urlsplit(address)
    return bool(parts.netloc) or parts.scheme not in {"", "data"}


def _message(element: Tag) -> str:
    hidden = element.select_one(".visually-hidden")
    return words(element).removeprefix(words(hidden)).strip()


def words(element: Tag | None) -> str:
    """Return the text of an element, with white space folded; "" for None."""
    return " ".join(element.get_text(" ").split()) if element else ""
