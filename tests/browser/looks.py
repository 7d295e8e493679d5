"""axe-core in every look of a page: a rule runs again only when what it reads of the page has changed (looks.js)."""

from dataclasses import dataclass, field
from pathlib import Path

from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import Page

from tests.browser.measures import WCAG, WIDTHS, resize

SCRIPT = (Path(__file__).parent / "looks.js").read_text()
CONTRAST, LINKS = "color-contrast", "link-in-text-block"  # the rules about colours
PLACES = ("target-size", "scrollable-region-focusable")  # the rules about where things are
SCHEMES = {
    "light": {"color_scheme": "light", "forced_colors": "none"},
    "dark": {"color_scheme": "dark", "forced_colors": "none"},
    "forced": {"color_scheme": "dark", "forced_colors": "active"},
}


@dataclass
class Axe:
    """axe-core for one page in all its languages and looks, or for several pages that look much alike.

    Most rules depend on the document and on what is displayed of it, which rarely changes with the look. Two depend on
    places, two on colours. The contrast is judged once for each kind of text, also when another width or language
    shows that kind again. With forced colours axe reads a mixture of both colour sets, so contrast is left out.
    """

    widths: tuple[int, ...] = WIDTHS
    schemes: tuple[str, ...] = tuple(SCHEMES)
    _good: set[str] = field(default_factory=set)  # kinds of text whose contrast is good

    def violations(self, page: Page) -> list[str]:
        """Return the violations that axe finds in the page's language, one sentence for each element in a look."""
        if page.evaluate("typeof looks") == "undefined":
            page.evaluate(AXE_SCRIPT), page.evaluate(SCRIPT)
        visit = _Visit(page, self._good)
        for width in self.widths:
            resize(page, width)
            for scheme in self.schemes:
                page.emulate_media(**SCHEMES[scheme])
                visit.look(scheme, width)
        return visit.problems


@dataclass
class _Visit:
    """What axe has judged since the page was opened."""

    page: Page
    good: set[str]
    problems: list[str] = field(default_factory=list)
    _displayed: set[int] = field(default_factory=set)
    _links: set[tuple[int, int]] = field(default_factory=set)
    _places: set[tuple[int, int, int]] = field(default_factory=set)
    _has_coloured_links: bool = False  # whether a link in a sentence stands out by its colour alone
    _unjudged: set[tuple[int, int]] = field(
        default_factory=set
    )  # texts without contrast, by what is displayed
    _tried: set[tuple[str, int]] = field(default_factory=set)  # texts by kind

    def look(self, scheme: str, width: int) -> None:
        """Run the rules that can find something that they did not find in the looks before."""
        look, read = f"{scheme}, {width}", self.page.evaluate("looks.read()")
        displayed = read["displayed"]
        links, places = (displayed, read["links"]), (displayed, read["places"], width)
        rules = set()
        if links not in self._links and (scheme == "light" or self._has_coloured_links):
            rules.add(LINKS)
        if places not in self._places:
            rules |= set(PLACES)
        if displayed not in self._displayed:
            left_out = {CONTRAST, LINKS, *PLACES} - rules
            disabled = {rule: {"enabled": False} for rule in left_out}
            self._run(look, {"runOnly": {"type": "tag", "values": WCAG}, "rules": disabled})
        elif rules:
            self._run(look, _only(*rules))
        self._displayed.add(displayed), self._links.add(links), self._places.add(places)
        if scheme != "forced":
            self._contrast(look, displayed, read["kinds"])

    def _run(self, look: str, options: dict, texts: list[int] | None = None) -> dict:
        judged = self.page.evaluate("looks.judge", [options, texts])
        self.problems += [f"{look}: {problem}" for problem in judged["violations"]]
        self._has_coloured_links |= judged["hasColouredLinks"]
        return judged

    def _contrast(self, look: str, displayed: int, kinds: dict[str, list[int]]) -> None:
        """Judge one text of each new kind, and all texts of the kinds that are not good by that."""
        for most in (1, None):
            chosen = set()
            for kind in kinds.keys() - self.good:
                texts = [text for text in kinds[kind] if (displayed, text) not in self._unjudged]
                chosen |= {(kind, text) for text in texts[:most]} - self._tried
            if not chosen:
                return
            judged = self._run(look, _only(CONTRAST), [text for _kind, text in chosen])
            self.good |= {kind for kind, text in chosen if text in judged["good"]}
            self._unjudged |= {(displayed, text) for _kind, text in chosen if text not in judged["judged"]}
            self._tried |= chosen


def _only(*rules: str) -> dict:
    return {"runOnly": {"type": "rule", "values": list(rules)}}
