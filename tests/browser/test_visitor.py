"""Control tests: a browser test fails when the browser reports an error, and when another page opens."""

from pathlib import Path

import pytest

from tests.browser.sights import BY_NAME, Sight, arrival_problems
from tests.browser.test_alone import INVISIBLE
from tests.browser.visitor import Tab, Visitor

pytestmark = pytest.mark.browser
HERE = "http://127.0.0.1:9/page"
STRICT = "default-src 'none'; script-src 'unsafe-inline'; img-src * data:"
WRONG = {
    "an error that is written": "<script>console.error('wrong')</script>",
    "an error that is thrown": "<script>throw new Error('wrong')</script>",
    "a style against the policy": "<p style='color: red'>Red</p>",
    "another site": "<img alt='' src='http://localhost:9/dot.png'>",
}


@pytest.fixture
def tab(chromium):
    page = chromium.new_page()
    yield Tab(page, [])
    page.close()


@pytest.mark.parametrize("name", WRONG)
def test_tab_hears_what_is_wrong(tab, name):
    serve(tab, f"<!doctype html><title>A page</title>{WRONG[name]}")
    assert len(tab.complaints) >= 1


def test_tab_is_silent_when_nothing_is_wrong(tab):
    serve(tab, "<!doctype html><title>A page</title><img alt='' src='data:,'><p>Words</p>")
    assert tab.complaints == []


@pytest.mark.parametrize(
    "sight",
    [
        Sight("another page", "news.index", way=lambda visitor: visitor.open("home.front")),
        Sight("another status", "home.front", status=404),
        Sight("another language", "home.front", way=lambda visitor: visitor.open("home.front", lang="en")),
    ],
    ids=lambda sight: sight.name,
)
def test_arriving_elsewhere_is_noticed(worlds, still_clock, tab, sight):
    visitor = Visitor(tab, worlds["demo"], "sv")
    sight.show(visitor)
    assert len(arrival_problems(visitor, sight)) == 1


def test_a_cookie_on_a_public_page_is_noticed(worlds, still_clock, tab):
    visitor = Visitor(tab, worlds["demo"], "sv")
    BY_NAME["front"].show(visitor)
    assert arrival_problems(visitor, BY_NAME["front"]) == []
    tab.page.context.add_cookies([{"name": "seen", "value": "1", "url": worlds["demo"].url}])
    assert arrival_problems(visitor, BY_NAME["front"]) == [f"{tab.page.url} sets a cookie"]


def test_what_the_readers_own_colours_would_swallow_is_noticed(tab):
    page = tab.page
    page.emulate_media(forced_colors="active", color_scheme="dark")
    drawn = (
        "<svg class=ring><path style='fill: none; stroke: {}; forced-color-adjust: none' d='M0 0h9'/></svg>"
    )
    page.set_content(drawn.format("Canvas") + "<main><a class=button href='/'>Press</a></main>")
    assert len(page.evaluate(INVISIBLE)) == 2
    edged = "<main><a class=button style='border: 1px solid' href='/'>Press</a></main>"
    page.set_content(drawn.format("CanvasText") + edged)
    assert page.evaluate(INVISIBLE) == []


def serve(tab: Tab, html: str) -> None:
    """Show a page with a Content Security Policy, as if a server had sent it."""
    tab.page.route(
        HERE,
        lambda route: route.fulfill(
            body=html, content_type="text/html", headers={"Content-Security-Policy": STRICT}
        ),
    )
    tab.page.route("http://localhost:9/**", lambda route: route.abort())
    tab.page.goto(HERE, wait_until="load")


def test_nobody_looks_at_a_page_before_it_has_arrived():
    """Tests must wait after a click, with `follow` or `expect`, or their result would depend on the machine's speed."""
    looked = []
    for path in sorted(Path(__file__).parent.glob("*.py")):
        lines = path.read_text().splitlines()
        for line, following in zip(lines, [*lines[1:], ""], strict=True):
            if line.strip().endswith(".click()") and not following.strip().startswith("expect("):
                looked.append(f"{path.name}: {line.strip()}")
    assert looked == ["visitor.py: target.click()"]
