"""Markdown as posts and pages may use it: headings, lists, tables, quotes, links; no HTML, no images (S32)."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import count, takewhile

import nh3
from markdown_it import MarkdownIt
from markdown_it.common.utils import escapeHtml
from markdown_it.token import Token
from markupsafe import Markup

TAGS = {
    *(
        "h2",
        "h3",
        "h4",
        "h5",
        "h6",
        "p",
        "ul",
        "ol",
        "li",
        "blockquote",
        "hr",
        "br",
        "em",
        "strong",
        "code",
        "pre",
    ),
    *("a", "div", "table", "thead", "tbody", "tr", "th", "td"),
}
ATTRIBUTES: dict[str, set[str]] = {
    "*": set(),  # no HTML attribute is allowed on all elements, not even title or lang
    "a": {"href"},
    "div": {"class", "role", "tabindex", "aria-label"},  # `_open_table` puts a div around each table
    "ol": {"start"},
    "th": {"scope"},
    "td": {"data-label"},
    **{heading: {"id"} for heading in ("h2", "h3", "h4", "h5", "h6")},
}
SAFE_ADDRESS = re.compile(r"(https?://[^/\\]|mailto:|/(?![/\\])|#)", re.IGNORECASE)
HEADING_ID = re.compile(r"(?<!\s)\s*\{#([a-z][a-z0-9-]{0,60})\}$")
# Matches a blank between two digits, as in a telephone number: it becomes a no-break space.
BETWEEN_DIGITS = re.compile(r"(?<=\d) (?=\d)")
CONTROLS = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ufffe\uffff]")
# HTML ids that the layout of pages uses itself: no heading of a text may get such an id.
TAKEN_IDS = {
    "main",
    "contents",
    "corrections",
    "sources",
    "hashtags",
    "categories",
}
TOP, DEEPEST = 2, 6


@dataclass(frozen=True)
class Outlined:
    """A text as HTML, and the headings of its parts as (id, words), for a table of contents."""

    html: Markup
    parts: tuple[tuple[str, str], ...]


@lru_cache(maxsize=512)
def render(text: str) -> Markup:
    """Return the text as harmless HTML. The highest heading becomes h2; `## Words {#name}` gives it an id.

    The result is cached by the text, so that each version of a post is rendered once.
    """
    return _render(_parse(text))


@lru_cache(maxsize=512)
def render_with_parts(text: str) -> Outlined:
    """Return the text as harmless HTML with an id at each h2, and these headings as parts. Cached by the text."""
    tokens = _parse(text)
    headings = [
        (token, tokens[index + 1]) for index, token in enumerate(tokens) if token.type == "heading_open"
    ]
    given = {heading.attrs.get("id") for heading, _inline in headings}
    free = (name for number in count(1) if (name := f"part-{number}") not in given)
    parts = [
        (str(heading.attrs.setdefault("id", next(free))), _words(inline))
        for heading, inline in headings
        if heading.tag == f"h{TOP}"
    ]
    return Outlined(_render(tokens), tuple(parts))


def _parse(text: str) -> list[Token]:
    tokens = _parser.parse(BETWEEN_DIGITS.sub("\N{NO-BREAK SPACE}", CONTROLS.sub("", text)))
    _place_headings(tokens)
    return tokens


def _words(inline: Token) -> str:
    """Return a heading's words without its markup."""
    return "".join(
        child.content for child in inline.children or () if child.type in {"text", "code_inline"}
    ).strip()


def _render(tokens: list[Token]) -> Markup:
    for token in _of_type(tokens, "th_open"):
        token.attrs["scope"] = "col"
    _label_cells(tokens)
    html = _parser.renderer.render(tokens, _parser.options, {})
    clean = nh3.clean(html, tags=TAGS, attributes=ATTRIBUTES, attribute_filter=_only_safe, link_rel=None)
    return Markup(clean)  # noqa: S704 - nh3 has made the HTML harmless


@lru_cache(maxsize=512)
def paragraphs(text: str) -> tuple[str, ...]:
    """Return the text without its markup: a string for each heading, paragraph, entry of a list and table cell."""
    tokens = _parser.parse(CONTROLS.sub("", text))
    _place_headings(tokens)
    said = (" ".join(_words_of(token).split()) for token in _of_type(tokens, "inline"))
    return tuple(words for words in said if words)


def code_lines(text: str) -> frozenset[int]:
    """Return the numbers, counted from 1, of the text's lines that are a block of code, fenced or indented."""
    blocks = (
        token.map for token in _parser.parse(text) if token.type in {"fence", "code_block"} and token.map
    )
    return frozenset(number + 1 for start, stop in blocks for number in range(start, stop))


def _words_of(inline: Token) -> str:
    return "".join(
        " " if token.type in {"softbreak", "hardbreak"} else token.content for token in inline.children or []
    )


def _make_parser() -> MarkdownIt:
    parser = MarkdownIt("commonmark", {"html": False}).enable("table")
    parser.validateLink = _is_safe_address  # type: ignore[method-assign]  # markdown-it documents replacing it
    parser.add_render_rule("image", _render_alt)
    parser.add_render_rule("table_open", _open_table)
    parser.add_render_rule("table_close", _close_table)
    return parser


def _is_safe_address(url: str) -> bool:
    """Return whether a link may have this URL: http(s), mailto, or a path or fragment of this site."""
    return SAFE_ADDRESS.match(url) is not None and "\\" not in url and url.isprintable() and " " not in url


def _render_alt(_renderer, tokens: Sequence[Token], index: int, *_) -> str:
    """Return only an image's alternative text: loading the image would tell another site who reads the page."""
    return escapeHtml(tokens[index].content)


def _open_table(_renderer, tokens: Sequence[Token], index: int, *_) -> str:
    """Begin a table within a region that scrolls, by keyboard too; the region is named after the table's columns."""
    head = takewhile(lambda token: token.type != "thead_close", tokens[index:])
    name = ", ".join(token.content for token in head if token.type == "inline")
    return f'<div class="table-scroll" role="region" tabindex="0" aria-label="{escapeHtml(name)}"><table>\n'


def _close_table(*_) -> str:
    return "</table></div>\n"


def _place_headings(tokens: list[Token]) -> None:
    """Shift headings so that the highest is h2 and none skips a level; give headings with `{#name}` this id."""
    opened = [index for index, token in enumerate(tokens) if token.type == "heading_open"]
    shift = TOP - min((int(tokens[index].tag[1]) for index in opened), default=TOP)
    level, ids = TOP - 1, set(TAKEN_IDS)
    for index in opened:
        level = min(int(tokens[index].tag[1]) + shift, level + 1, DEEPEST)
        tokens[index].tag = tokens[index + 2].tag = f"h{level}"
        if (name := _take_id(tokens[index + 1])) and name not in ids:
            tokens[index].attrs["id"] = name
            ids.add(name)


def _label_cells(tokens: list[Token]) -> None:
    """Give each cell of a table its column's heading, which the style sheet shows in the cell on narrow screens."""
    columns: list[str] = []
    column = 0
    for index, token in enumerate(tokens):
        if token.type == "table_open":
            columns = []
        elif token.type == "th_open":
            columns.append(_words(tokens[index + 1]))
        elif token.type == "tr_open":
            column = 0
        elif token.type == "td_open":
            token.attrs["data-label"] = columns[column] if column < len(columns) else ""
            column += 1


def _take_id(inline: Token) -> str | None:
    """Remove `{#name}` from the heading's end and return the name."""
    words = inline.children[-1] if inline.children else None
    match = HEADING_ID.search(words.content) if words and words.type == "text" else None
    if not words or not match:
        return None
    words.content = words.content[: match.start()]
    return match[1]


def _of_type(tokens: list[Token], kind: str) -> Iterator[Token]:
    return (token for token in tokens if token.type == kind)


def _only_safe(_element: str, attribute: str, value: str) -> str | None:
    """Remove links that `_is_safe_address` refuses: a second check, in case the parser lets one through."""
    return value if attribute != "href" or _is_safe_address(value) else None


_parser = _make_parser()
