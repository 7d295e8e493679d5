"""The quick tree builder makes the same trees as Beautiful Soup's own."""

import pytest
from bs4 import BeautifulSoup
from bs4.builder import HTMLParserTreeBuilder
from bs4.element import NavigableString
from hypothesis import given
from hypothesis import strategies as st

from tests.tools.test_pages import BROKEN, GOOD
from tools import quick_soup

LINKS = ("parent", "next_element", "previous_element", "next_sibling", "previous_sibling")
PARTS = (
    *(
        "<p>",
        "</p>",
        "<pre>",
        "</pre>",
        '<div class="one  two">',
        "</div>",
        "<b\nhidden>",
        "</b>",
        "<br>",
        "<br/>",
    ),
    *(
        "<p/>",
        "</br>",
        "<P>",
        "<td headers='a b'>",
        "</td >",
        '<a rel="x y" href="/?a=1&amp;b">',
        "</a>",
        "<i a=1>",
    ),
    *(
        '<i a="1" A="2">',
        '<output for="a b" A:b>',
        "</i>",
        "</output>",
        '<meta charset="utf-8">',
        "<input disabled>",
    ),
    *(
        "<textarea>",
        "</textarea>",
        "<template>",
        "</template>",
        "<rt>",
        "</rt>",
        "<svg viewBox='0'>",
        "</svg>",
    ),
    *(
        "<script>",
        "</script>",
        "<style>",
        "</style>",
        "<!-- c -->",
        "<!doctype html>",
        "<!DOCTYPE html>",
        "<?x?>",
    ),
    *(
        "a",
        " ",
        "\n",
        "\t ",
        "\xa0",
        "\x0b",
        " b ",
        "&",
        "&amp;",
        "&lt;b&gt;",
        "&quot;",
        "&#39;",
        "&nbsp;",
        "&amp",
    ),
    *("&auml;", "&#x41;", "&#150;", "&hnt;", "<", ">", '"', "<1", "</", "<b", "]]>", "<![CDATA[x]]>", "é"),
)


def described(soup: BeautifulSoup) -> list[tuple]:
    """Return the properties of each part of a tree, with numbers for the parts to which the part refers."""
    parts = [soup, *soup.descendants]
    numbers = {id(part): number for number, part in enumerate(parts)}
    return [
        (
            type(part),
            *(numbers.get(id(getattr(part, link)), getattr(part, link) is None) for link in LINKS),
            str(part) if isinstance(part, NavigableString) else _described_tag(part, numbers),
        )
        for part in parts
    ]


def _described_tag(tag, numbers: dict[int, int]) -> tuple:
    other = {
        name: value
        for name, value in vars(tag).items()
        if name
        not in {*LINKS, "contents", "builder", "parser_class", "attrs", "_most_recent_element", "tagStack"}
    }
    if isinstance(tag, BeautifulSoup):
        other = {
            name: other[name] for name in ("name", "hidden", "is_xml", "contains_replacement_characters")
        }
    values = [(name, type(value), value) for name, value in tag.attrs.items()]
    return type(tag.attrs), values, [numbers[id(part)] for part in tag.contents], other


def assert_same(html: str) -> None:
    """Check that both builders make the same tree."""
    usual = BeautifulSoup(html, "html.parser", store_line_numbers=False)
    assert described(quick_soup.parse(html)) == described(usual)


@pytest.mark.parametrize("name", ["good", *BROKEN])
def test_a_page_has_the_same_tree(name):
    before, after, *_ = BROKEN.get(name, ("", ""))
    assert_same(GOOD.replace(before, after, 1))


@given(st.lists(st.sampled_from(PARTS), max_size=12))
def test_any_markup_has_the_same_tree(parts):
    assert_same("".join(parts))


NESTED = st.recursive(
    st.sampled_from(
        ("a", " ", "\n", " b &amp; ", "<br>", "<p/>", "<script>a &amp;&nbsp; b</script>", "<style> </style>")
    ),
    lambda inner: st.tuples(
        st.sampled_from(("p", "pre", "textarea", "div", "b")), st.lists(inner, max_size=4)
    ).map(lambda made: f"<{made[0]}>{''.join(made[1])}</{made[0]}>"),
    max_leaves=12,
)


@given(st.lists(NESTED, max_size=4))
def test_nested_elements_have_the_same_tree(parts):
    """Elements that are closed in their turn, with white space that is kept in some of them, are read quickly."""
    assert_same("".join(parts))


@pytest.mark.parametrize(
    "html",
    [
        "<pre> <b> </b></pre> <p>  </p>",
        "<textarea> \n</textarea> \t<p/>a</p>",
        "<script>a &amp; b</script>",
        "<script>if (a) <b></b></script>",
        "<textarea><b hidden></b></textarea><title>a<i>b</i></title>",
        "<p/>a",
        "<template><p></p></template>",
    ],
)
def test_a_rare_tree_is_the_same(html):
    assert_same(html)


@pytest.mark.parametrize("name", sorted(quick_soup.TEXT_ONLY))
def test_a_tag_where_browsers_read_text_is_left_to_beautiful_soup(name, monkeypatch):
    """Versions of html.parser differ about a tag within such an element, so the installed version has to read it."""
    fed = []
    monkeypatch.setattr(HTMLParserTreeBuilder, "feed", lambda _builder, markup, *_: fed.append(markup))
    quick_soup.parse(f"<{name}><b></b></{name}>")
    assert fed == [f"<{name}><b></b></{name}>"]


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("where", ["console.overview", "attendees.index", "posts.index"])
def test_a_page_of_organisers_has_the_same_tree(organiser, event, where):
    assert_same(organiser.get(where, event=event.slug).data.decode())


@pytest.mark.parametrize("path", ["/en/", "/sv/register", "/en/register/justice"])
def test_a_public_page_has_the_same_tree(pages, event, path):
    assert_same(pages.get(path).data.decode())


def test_real_pages_are_read_quickly(organiser, event, pages, monkeypatch):
    """Beautiful Soup's own builder, which is left to pages that are not plain, reads none of these."""
    found = [pages.get("home.front"), organiser.get("attendees.index", event=event.slug)]
    monkeypatch.setattr(HTMLParserTreeBuilder, "feed", lambda *_: pytest.fail("not plain"))
    assert [quick_soup.parse(page.data.decode()).h1 is not None for page in found] == [True, True]
