"""Measuring a page in a browser; each function returns the faults as sentences (see measures.js)."""

from pathlib import Path

from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import Page

SCRIPT = (Path(__file__).parent / "measures.js").read_text()
WCAG = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
AXE_OPTIONS = {"runOnly": {"type": "tag", "values": WCAG}, "resultTypes": ["violations"]}
WIDTHS = (320, 768, 1280)
COLOURS = {
    "too": {},
    "only": {"runOnly": {"type": "rule", "values": ["color-contrast", "link-in-text-block"]}},
    "none": {"rules": {"color-contrast": {"enabled": False}}},
}
# Names of those measures in measures.js that check whether text can be read.
READING = ("sideways", "spilt", "cut", "overlaid")
FACTS_OF_VIOLATIONS = """options => axe.run(options).then(found => found.violations.flatMap(
    violation => violation.nodes.map(node => `${violation.id}: ${node.target.join(" ")} – ${node.failureSummary}`)))"""


def axe_violations(page: Page, *, colours: str = "too") -> list[str]:
    """Return the violations that axe-core finds, one sentence for each element.

    `colours` says whether the rules about colours run, too ("too"), alone ("only") or not ("none"). With forced colours
    axe reads a mixture of both colour sets, so its contrast rule is left out.
    """
    if page.evaluate("typeof axe") == "undefined":
        page.evaluate(AXE_SCRIPT)
    return page.evaluate(FACTS_OF_VIOLATIONS, AXE_OPTIONS | COLOURS[colours])


def measure(page: Page, *names: str) -> list[str]:
    """Return the faults that the named measures of measures.js find."""
    _ready(page)
    return page.evaluate("names => measures.run(names)", list(names))


def space_text(page: Page) -> None:
    """Apply the text spacing of WCAG 1.4.12."""
    _ready(page)
    page.evaluate("measures.space()")


def unspace_text(page: Page) -> None:
    """Take back the text spacing of `space_text`."""
    page.evaluate("document.adoptedStyleSheets = []")


def resize(page: Page, width: int, height: int = 800) -> None:
    """Change the width and height of the page."""
    page.set_viewport_size({"width": width, "height": height})


def _ready(page: Page) -> None:
    if page.evaluate("typeof measures") == "undefined":
        page.evaluate(SCRIPT)
