"""A tree builder for Beautiful Soup that reads a page of plain HTML in 40 % of the time.

    soup = parse(html)    # the tree of BeautifulSoup(html, "html.parser")

Parsing the pages that tests fetch was a tenth of the suite's time. The tree is built from whole tags and texts, each
found by one regular expression, where `html.parser` takes several and Beautiful Soup keeps a state for repairs. As soon
as anything is not plain (a tag that is not closed in its turn, a comment, an attribute without quotes, a rare
reference), Beautiful Soup's own builder reads the page from its beginning.
"""

import re
from functools import cache
from html import unescape
from typing import Any

from bs4 import BeautifulSoup, Tag
from bs4.builder import HTMLParserTreeBuilder  # type: ignore[attr-defined]  # a module there adds it
from bs4.element import Doctype, NavigableString, nonwhitespace_re

DOCTYPE = re.compile(r"<!doctype (html)>", re.IGNORECASE)
WRITTEN = r"[ \n]++[A-Za-z][A-Za-z0-9:_-]*+(?:=\"[^\"]*+\")?+"  # an attribute with the space before it
TOKEN = re.compile(
    r"(?P<text>[^<]++)"
    r"|</(?P<end>[a-z][a-z0-9]*+)>"
    rf"|<(?P<start>[a-z][a-z0-9]*+)(?P<attributes>(?:{WRITTEN})*+)[ \n]*+(?P<slash>/?)>"
)
ATTRIBUTE = re.compile(r"[ \n]++([^ \n=]++)(?:=\"([^\"]*+)\")?+")
# References that `html.unescape` and Beautiful Soup read alike.
RARE_REFERENCE = re.compile(r"&(?!(?:amp|lt|gt|quot|nbsp|#34|#39);)")
RAW = {"script", "style"}  # the text of these elements has no references and no tags
TEXT_ONLY = {
    "textarea",
    "title",
}  # in these elements browsers and newer versions of html.parser read tags as text


class NotPlain(Exception):
    """The page has something that only Beautiful Soup's own builder reads."""


def parse(html: str) -> BeautifulSoup:
    """Return the tree that BeautifulSoup(html, "html.parser") would return, in less time for a page of plain HTML."""
    return BeautifulSoup(html, builder=QuickBuilder(store_line_numbers=False))


class QuickBuilder(HTMLParserTreeBuilder):
    """Builds the tree of a page of plain HTML, and leaves every other page to HTMLParserTreeBuilder."""

    def feed(self, markup: Any, *options: Any) -> None:
        """Read a page into the tree `self.soup`; if it is not plain HTML, let Beautiful Soup's own builder do so."""
        try:
            _Tree(self, self.soup).read(markup)
        except NotPlain:
            self.soup.reset()
            super().feed(markup, *options)

    def _replace_cdata_list_attribute_values(self, tag_name: str, attrs: Any) -> Any:
        """Make a list of each value that is a list of words, such as that of class; see TreeBuilder."""
        lists = _names_of_lists(tag_name)
        for name, value in attrs.items():
            if name in lists and isinstance(value, str):
                attrs[name] = self.attribute_value_list_class(nonwhitespace_re.findall(value))
        return attrs


@cache
def _names_of_lists(tag: str) -> frozenset[str]:
    lists = HTMLParserTreeBuilder.DEFAULT_CDATA_LIST_ATTRIBUTES
    return frozenset({*lists["*"], *lists.get(tag, ())})


class _Tree:
    """A tree while it is built: its open elements, the outermost first, and the element that was added last."""

    def __init__(self, builder: QuickBuilder, soup: BeautifulSoup):
        self.builder = builder
        self.soup = soup
        self.open: list[Tag] = [soup]
        self.last: Any = None
        self.kept_spaces = 0  # how many open elements keep their white space as it is, such as <pre>

    def read(self, html: str) -> None:
        """Add all elements and texts of the page. Raises NotPlain."""
        position = 0
        if doctype := DOCTYPE.match(html):
            self._add(Doctype(doctype[1]))
            position = doctype.end()
        for token in TOKEN.finditer(html, position):
            if token.start() != position:
                raise NotPlain
            position = token.end()
            text, end, start, attributes, slash = token.groups()
            if text is not None:
                self._add_text(text)
            elif end is not None:
                self._end(end)
            else:
                self._start(start, attributes, bool(slash))
        if position != len(html) or len(self.open) > 1:
            raise NotPlain
        self.soup._most_recent_element = self.last

    def _start(self, name: str, attributes: str, is_closed: bool) -> None:
        builder, parent = self.builder, self.open[-1]
        if parent.name in RAW | TEXT_ONLY or (name in builder.string_containers and name not in RAW):
            raise NotPlain
        tag = Tag(self.soup, builder, name, None, None, _attributes(builder, attributes), parent, self.last)
        parent.contents.append(tag)
        self.last = tag
        if not is_closed and not tag.can_be_empty_element:
            self.open.append(tag)
            self.kept_spaces += name in builder.preserve_whitespace_tags

    def _end(self, name: str) -> None:
        if self.open[-1].name != name:
            raise NotPlain
        self.open.pop()
        self.kept_spaces -= name in self.builder.preserve_whitespace_tags

    def _add_text(self, text: str) -> None:
        name = self.open[-1].name
        if name in RAW:
            self._add(self.builder.string_containers[name](text))
            return
        if "&" in text:
            text = _unescaped(text)
        if not self.kept_spaces and not text.strip(BeautifulSoup.ASCII_SPACES):
            text = "\n" if "\n" in text else " "
        self._add(NavigableString(text))

    def _add(self, text: NavigableString) -> None:
        parent = self.open[-1]
        text.setup(parent, self.last)
        parent.contents.append(text)
        self.last = text


def _attributes(builder: QuickBuilder, written: str) -> Any:
    found = builder.attribute_dict_class()
    if written:
        for name, value in ATTRIBUTE.findall(written):
            name = name.lower()
            if name in found:
                raise NotPlain
            found[name] = _unescaped(value) if "&" in value else value
    return found


def _unescaped(text: str) -> str:
    if RARE_REFERENCE.search(text):
        raise NotPlain
    return unescape(text)
