"""Measuring a page in a browser: what is wrong with it, in sentences (see measures.js), and where its focus goes."""

from pathlib import Path

from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import Page

SCRIPT = (Path(__file__).parent / "measures.js").read_text()
WCAG = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
AXE_OPTIONS = {"runOnly": {"type": "tag", "values": WCAG}, "resultTypes": ["violations"]}
READING = ("sideways", "spilt", "cut", "overlaid")  # what may go wrong with words
FACTS_OF_VIOLATIONS = """options => axe.run(options).then(found => found.violations.flatMap(
    violation => violation.nodes.map(node => `${violation.id}: ${node.target.join(" ")} – ${node.failureSummary}`)))"""


def axe_violations(page: Page, *, own_colours: bool = True) -> list[str]:
    """Return what axe-core finds, one sentence for each element.

    Where the reader forces colours of their own, axe sees a mixture of both, so contrast is left to them.
    """
    if page.evaluate("typeof axe") == "undefined":
        page.evaluate(AXE_SCRIPT)
    options = AXE_OPTIONS if own_colours else {**AXE_OPTIONS, "rules": {"color-contrast": {"enabled": False}}}
    return page.evaluate(FACTS_OF_VIOLATIONS, options)


def measure(page: Page, *names: str) -> list[str]:
    """Return what these measures find."""
    _ready(page)
    return page.evaluate("names => names.flatMap(name => measures[name]())", list(names))


def space_text(page: Page) -> None:
    """Set the text as widely as WCAG 1.4.12 asks a page to bear."""
    _ready(page)
    page.evaluate("measures.space()")


def resize(page: Page, width: int, height: int = 800) -> None:
    """Give the page another width."""
    page.set_viewport_size({"width": width, "height": height})


def _ready(page: Page) -> None:
    if page.evaluate("typeof measures") == "undefined":
        page.evaluate(SCRIPT)
