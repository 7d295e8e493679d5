"""Checks that every page must pass; `check` raises PageProblems with all faults.

Each check takes the parsed page and yields sentences. A new check needs a control in tests/tools/test_pages.py
that shows that it can fail.
"""

import hashlib
import json
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from itertools import pairwise
from pathlib import Path
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
IDREFS = {
    "aria-describedby",
    "aria-labelledby",
    "aria-controls",
    "aria-owns",
    "aria-details",
    "aria-errormessage",
}
HEADINGS = ("h1", "h2", "h3", "h4", "h5", "h6")
LEFTOVER = re.compile(r"%\(\w+\)[sd]?")
# The skeleton of a page leaves out a text between two tags, and a value in double quotes, if an HTML parser in any
# state treats each of their characters like a letter. Markup, quotes, two hyphens (which may end a comment), most
# references, control characters and code points that are no character stay in the skeleton. The space before a text
# stays, too, because tables and heads allow a space where they allow no word.
PLAIN = (
    r"(?:[^<>&\"'\-\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\ufdd0-\ufdef\ufff0-\U0010ffff]++"
    r"|-(?!-)|&(?:amp|lt|gt|quot|#34|#39);)"
)
PLAIN_TEXT = re.compile(rf"(?<=>)([ \n\t]*+)(?!-)({PLAIN}*+)(?<!-)(?=<)")
PLAIN_VALUES = (
    "action|alt|class|content|datetime|for|href|id|name|src|srcset|title|value|aria-[a-z]++|data-[a-z-]++"
)
PLAIN_VALUE = re.compile(rf'(?<=[ \n])({PLAIN_VALUES})="{PLAIN}++"')
# What may differ between pages of which only one is checked (`renumbered`): values like those of hidden fields (of any
# field: 20 letters, digits, dots, hyphens or underscores, and more), random tokens in addresses, references of
# registrations, and numbers. A number before a semicolon may be part of "&#39;".
SCRIPT = re.compile(r"(<script\b.*?</script>)", re.DOTALL)
HIDDEN_VALUE = re.compile(r'value="[A-Za-z0-9._-]{20,}+"')
TOKEN = re.compile(r"/[A-Za-z0-9_-]{43}(?![A-Za-z0-9_-])")
REFERENCE = re.compile(r"[0-9A-HJKMNP-TV-Z][0-9A-HJKMNP-TV-Z]{3}-[0-9A-HJKMNP-TV-Z]{4}")
NUMBER = re.compile(r"[0-9][0-9]*+(?!;)")
# `renumbered` puts these two characters, to which Unicode gives no meaning, around the number that stands for a word:
# so it is no number of the page, and does not run into the digits beside it.
WORD_BEGIN, WORD_END = "\ue000", "\ue001"
# A page with one of these stays as it is: a hexadecimal reference has digits that are no number of the page, and with
# the characters around a word the page could look like another page that has a word there.
AMBIGUOUS = re.compile(f"&#x|[{WORD_BEGIN}{WORD_END}]", re.IGNORECASE)
UNLABELLED = {"hidden", "submit", "button", "reset", "image"}


class Digests:
    """The digests of pages without a fault, or of their skeletons: in memory, and in a folder that processes share."""

    def __init__(self) -> None:
        self.folder: Path | None = None
        self._known: set[str] = set()

    def __contains__(self, digest: str) -> bool:
        if digest not in self._known and self.folder and (self.folder / digest).exists():
            self._known.add(digest)
        return digest in self._known

    def add(self, digest: str) -> None:
        """Remember a digest, for the other processes too."""
        self._known.add(digest)
        if self.folder:
            (self.folder / digest).touch()


VALID = Digests()
SOUND = Digests()  # pages in which no check has found a fault, as `renumbered` writes them


class PageProblems(AssertionError):
    """The faults of a page."""

    def __init__(self, path: str, problems: list[str]):
        super().__init__(f"{path}:\n  " + "\n  ".join(problems))
        self.problems = problems


class Elements:
    """All elements of a parsed page, in its order: each search of Beautiful Soup itself would read the page again."""

    def __init__(self, soup: BeautifulSoup):
        self.soup = soup
        self.all: list[Tag] = [part for part in soup.descendants if isinstance(part, Tag)]
        self._by_name: dict[str, list[Tag]] = {}
        for element in self.all:
            self._by_name.setdefault(element.name, []).append(element)

    def named(self, *names: str) -> list[Tag]:
        """Return the elements with one of these names."""
        if len(names) == 1:
            return self._by_name.get(names[0], [])
        return [element for element in self.all if element.name in names]

    def of_class(self, name: str) -> list[Tag]:
        """Return the elements of a class."""
        return [element for element in self.all if name in (element.get("class") or ())]


def check(response, path: str, audience=None, parse: Callable[[], BeautifulSoup] | None = None) -> None:
    """Check the answer to `path`; `audience` is its route's entry in the access table, `parse` returns the parsed page.

    Raises PageProblems.
    """
    problems = [*headers_problems(response, audience)]
    if response.mimetype == "text/html" and not 300 <= response.status_code < 400:
        problems += page_problems(response.get_data().decode(), parse)
    if problems:
        raise PageProblems(path, problems)


def page_problems(html: str, parse: Callable[[], BeautifulSoup] | None = None) -> list[str]:
    """Return what is wrong with a page; `parse` returns that page parsed.

    Of pages that differ only in numbers and random words (`renumbered`) only the first is checked: no check can tell
    them apart.
    """
    digest = _digest(renumbered(html))
    if digest in SOUND:
        return []
    page = Elements(parse() if parse else BeautifulSoup(html, "html.parser"))
    problems = [*_invalid_html(html), *(problem for find in CHECKS for problem in find(page))]
    if not problems:
        SOUND.add(digest)
    return problems


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
    return _errors_beside_fields(Elements(soup))


def _errors_beside_fields(page: Elements) -> dict[str, str]:
    return {
        element["id"].removesuffix("-error"): _message(element)
        for element in page.of_class("error")
        if element.get("id", "").endswith("-error")
    }


def form_errors(soup: BeautifulSoup) -> dict[str, str]:
    """Return the messages of the error summary that belong to no field."""
    messages = [words(item) for item in soup.select(".error-summary li") if not item.find("a")]
    return {"": "; ".join(messages)} if messages else {}


def _invalid_html(html: str) -> Iterator[str]:
    """Check that the HTML is valid: a browser would repair nothing.

    Of pages with the same skeleton (`skeleton_of`) only the first is parsed.
    """
    skeleton = _digest(skeleton_of(html))
    if skeleton in VALID:
        return
    parser = html5lib.HTMLParser()
    parser.parse(html)
    if not parser.errors:
        VALID.add(skeleton)
    for (line, column), code, values in parser.errors:
        yield f"invalid HTML at {line}:{column}: {HTML_ERRORS.get(code, code) % values}"


def skeleton_of(html: str) -> str:
    """Return the page with an "x" for each plain text and value: pages with one skeleton are all valid, or none is."""
    return PLAIN_TEXT.sub(_shorten, PLAIN_VALUE.sub(r'\1="x"', html))


def renumbered(html: str) -> str:
    """Return the page with its numbers, references and random tokens replaced by the order in which they appear.

    Equal numbers and words stay equal and different ones different, so that ids, labels and links match as they did
    before. Values of 20 characters or more become one word, except those with other characters than letters, digits,
    ".", "_" and "-".
    Scripts stay as they are, because their data are read.
    """
    if AMBIGUOUS.search(html):
        return html
    order: dict[str, str] = {}

    def number(found: re.Match) -> str:
        at = found.start()
        if found.string[max(0, at - 2) : at] in {"<h", "/h"}:
            return found[0]
        return order.setdefault(found[0], str(len(order)))

    def word(found: re.Match) -> str:
        return f"{WORD_BEGIN}{order.setdefault(found[0], str(len(order)))}{WORD_END}"

    parts = SCRIPT.split(html)
    for at in range(0, len(parts), 2):
        part = TOKEN.sub(word, HIDDEN_VALUE.sub('value="x"', parts[at]))
        parts[at] = NUMBER.sub(number, REFERENCE.sub(word, part))
    return "".join(parts)


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode(errors="surrogatepass")).hexdigest()


def _shorten(text: re.Match) -> str:
    space, words = text.groups()
    return (" " if space else "") + ("x" if words else "")


def _frame(page: Elements) -> Iterator[str]:
    """Check that the page has a language, a title, one h1 and landmarks."""
    soup = page.soup
    if not soup.html or soup.html.get("lang") not in NAMES:
        yield "<html> has no language of ours"
    if not words(soup.title):
        yield "no title"
    if len(page.named("h1")) != 1 or not words(soup.h1):
        yield f"{len(page.named('h1'))} h1, or an empty one"
    if len(page.named("main")) != 1:
        yield f"{len(page.named('main'))} main"
    if not page.named("header", "nav"):
        yield "neither header nor nav"
    if "public" in (soup.body.get("class") or [] if soup.body else []) and not page.named("footer"):
        yield "no footer"


def _headings(page: Elements) -> Iterator[str]:
    """Check that headings skip no level."""
    levels = [int(heading.name[1]) for heading in page.named(*HEADINGS)]
    for above, below in pairwise(levels):
        if below > above + 1:
            yield f"h{below} follows h{above}"


def _ids(page: Elements) -> Iterator[str]:
    ids = Counter(element["id"] for element in page.all if element.has_attr("id"))
    yield from (f"id {name!r} stands {number} times" for name, number in ids.items() if number > 1)
    for label in page.named("label"):
        if label.has_attr("for") and label["for"] not in ids:
            yield f"label for {label['for']!r}, which does not exist"
    for link in page.named("a"):
        target = link.get("href", "")
        if target.startswith("#") and target != "#" and target[1:] not in ids:
            yield f"link to {link['href']!r}, which does not exist"


def _references(page: Elements) -> Iterator[str]:
    """Check that every id exists to which an element refers for its description, name or control."""
    ids = {element["id"] for element in page.all if element.has_attr("id")}
    for element in page.all:
        for attribute in element.attrs.keys() & IDREFS:
            for name in element[attribute].split():
                if name not in ids:
                    yield f"{attribute} of <{element.name}> leads to no id {name!r}"


def _field_names(page: Elements) -> Iterator[str]:
    """Check that every field, button and link has a name."""
    labels: dict[str, Tag] = {}
    for label in page.named("label"):
        labels.setdefault(label.get("for", ""), label)
    for field in page.named("input", "select", "textarea"):
        if field.get("type") not in UNLABELLED and not _is_labelled(labels, field):
            yield f"field {field.get('name')!r} has no label"
    for element in page.named("button", "a"):
        if not (words(element) or element.get("aria-label") or element.get("aria-labelledby")):
            yield f"<{element.name}> without words: {element}"


def _buttons(page: Elements) -> Iterator[str]:
    """Check that no hidden field has the name of a button of its form: its value would be read, not the button's."""
    hidden = {
        (_form_of(field), field.get("name")) for field in page.named("input") if field.get("type") == "hidden"
    }
    for button in page.named("button"):
        if button.get("name") and (_form_of(button), button["name"]) in hidden:
            yield f"button {button['name']!r} stands beside a hidden field of that name"


def _form_of(element: Tag) -> str | int | None:
    """Return what tells the form of a field or button from the others: its id, else a number; None without a form."""
    if element.has_attr("form"):
        return element["form"]
    form = element.find_parent("form")
    return None if form is None else form.get("id") or id(form)


def _picture_names(page: Elements) -> Iterator[str]:
    """Check that every picture has a text alternative or is marked as decorative."""
    for image in page.named("img"):
        if not image.has_attr("alt"):
            yield f"image without alt: {image.get('src')}"
    for picture in page.named("svg"):
        if not (
            picture.get("aria-label")
            or picture.get("aria-labelledby")
            or picture.get("aria-hidden") == "true"
        ):
            yield "an svg that has neither a name nor aria-hidden"


def _inline_code(page: Elements) -> Iterator[str]:
    """Check that there is no inline script or style, which the Content Security Policy would block."""
    for script in page.named("script"):
        if script.get("type") == DATA_BLOCK:
            yield from _broken_data(script)
        elif not script.get("src") or script.string:
            yield "an inline script"
    if page.named("style"):
        yield "an inline style element"


def _inline_attributes(page: Elements) -> Iterator[str]:
    """Check that no attribute contains styles, an event handler or a javascript: URL."""
    for element in page.all:
        for name, value in element.attrs.items():
            if name == "style" or name.startswith("on"):
                yield f"<{element.name}> has the attribute {name}"
            if isinstance(value, str) and value.strip().lower().startswith(("javascript:", "vbscript:")):
                yield f"<{element.name}> leads to a script: {value[:60]}"


def _foreign_resources(page: Elements) -> Iterator[str]:
    """Check that nothing is loaded from, or sent to, another site (P17)."""
    for element in page.named(*RESOURCES):
        for attribute in RESOURCES[element.name]:
            for address in (element.get(attribute) or "").split(","):
                if _is_foreign(address.strip()):
                    yield f"<{element.name} {attribute}> leads to another site: {address}"
    for link in page.named("link"):
        if (
            link.has_attr("href")
            and LINKED_RESOURCES.intersection(link.get("rel") or [])
            and _is_foreign(link["href"])
        ):
            yield f"<link> fetches from another site: {link['href']}"


def _leftovers(page: Elements) -> Iterator[str]:
    """Check that no placeholder is left in the text."""
    texts = [page.soup.get_text(" ")]
    texts += [value for element in page.all for value in element.attrs.values() if isinstance(value, str)]
    yield from (f"unfilled placeholder {found}" for found in LEFTOVER.findall("\n".join(texts)))


def _error_summary(page: Elements) -> Iterator[str]:
    """Check that errors appear in the same words in the summary and at the field, and in the page's title (A02)."""
    summary = next(iter(page.of_class("error-summary")), None)
    inline = _errors_beside_fields(page)
    if summary is None:
        if inline:
            yield f"errors beside fields without a summary: {inline}"
        return
    listed = {words(link) for item in summary.find_all("li") for link in item.find_all("a")}
    if listed != set(inline.values()):
        yield f"the summary says {sorted(listed)}, the fields say {sorted(inline.values())}"
    if not words(page.soup.title).startswith(("Error:", "Fel:")):
        yield "the title does not start with the word for an error"
    for name in inline:
        if not any(f"{name}-error" in element.get("aria-describedby", "").split() for element in page.all):
            yield f"nothing is described by {name}-error"


CHECKS = (
    _frame,
    _headings,
    _ids,
    _references,
    _field_names,
    _buttons,
    _picture_names,
    _inline_code,
    _inline_attributes,
    _foreign_resources,
    _leftovers,
    _error_summary,
)


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
