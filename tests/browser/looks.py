"""Runs axe-core in every look (width and colours) of a page; a rule runs again only when what it reads has changed."""

from dataclasses import dataclass, field
from pathlib import Path

from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import Page

from tests.browser.measures import WCAG, WIDTHS, resize

SCRIPT = (Path(__file__).parent / "looks.js").read_text()
CONTRAST, LINKS = "color-contrast", "link-in-text-block"  # names of axe's rules that judge colours
# Names of axe's rules that judge sizes and positions.
GEOMETRY = (
    "target-size",
    "scrollable-region-focusable",
)
# Two digests: of the document's skeleton, and of what is displayed of the document.
Document = tuple[int, int]
Text = tuple[Document, int]  # a text, named by its document and the index of its element
# A look: the colour scheme, the window's width, the document, and a digest of the kinds of all texts, to which the
# document's texts belonged in the light scheme. Texts of one kind have the same colours, size class and background, so
# their contrast is the same. With forced colours the digest is None.
Look = tuple[str, int, Document, int | None]
JUDGED = ("light", "dark")  # colour schemes in which contrast is judged
SCHEMES = {
    "light": {"color_scheme": "light", "forced_colors": "none"},
    "dark": {"color_scheme": "dark", "forced_colors": "none"},
    "forced": {"color_scheme": "dark", "forced_colors": "active"},
}


@dataclass
class Axe:
    """axe-core for pages in all their languages and looks.

    Most rules depend on the document without its words (its skeleton), and on what is displayed of it. Both rarely
    change with the look or language. Two rules depend on sizes and positions, two on colours: these run again in each
    language. The contrast is judged once for each kind of text, also when another width, language or page shows that
    kind again. With forced colours axe reads a mixture of both colour sets, so contrast is left out.

    Darkness and forced colours rarely change anything but colours. Forced colours are left out for a page when a page
    with the same skeleton and the same displayed elements was checked in the light scheme. The dark scheme is left out
    when its texts are also of the same kinds in the same order: their dark colours have been judged already.
    """

    widths: tuple[int, ...] = WIDTHS
    schemes: tuple[str, ...] = tuple(SCHEMES)
    _good: set[str] = field(default_factory=set)  # kinds of text that have enough contrast
    # Kinds of text of which some text was not found to have enough contrast.
    _doubtful: set[str] = field(default_factory=set)
    # Texts without contrast, such as those of hidden elements.
    _unjudged: set[Text] = field(default_factory=set)
    # Documents that axe has checked by all rules except those about sizes and colours.
    _known: set[Document] = field(default_factory=set)
    # looks that only differ in colours from the light look of the same document
    _settled: set[Look] = field(default_factory=set)

    def violations(self, page: Page) -> list[str]:
        """Return the violations that axe finds in the page's language, one sentence for each element in a look."""
        make_ready(page)
        skeleton = page.evaluate("looks.skeleton()")
        visit = _Visit(page, skeleton, self._good, self._doubtful, self._unjudged, self._known)
        for width in self.widths:
            resize(page, width)
            self._look_at(visit, width)
        return visit.problems

    def _look_at(self, visit: "_Visit", width: int) -> None:
        first, *others = self.schemes
        document, painted = visit.look(first, width)
        for scheme in others:
            look = (scheme, width, document, painted if scheme in JUDGED else None)
            if look not in self._settled or visit.has_coloured_links:
                runs = visit.runs
                visit.look(scheme, width)
                if visit.runs == runs:
                    self._settled.add(look)


@dataclass
class _Visit:
    """What axe has judged since the page was opened."""

    page: Page
    skeleton: int
    good: set[str]
    doubtful: set[str]
    unjudged: set[Text]
    known: set[Document]
    problems: list[str] = field(default_factory=list)
    has_coloured_links: bool = False  # whether a link within a sentence stands out by its colour alone
    runs: int = 0  # how many times rules have run, except the one about contrast
    _links: set[tuple[int, int]] = field(default_factory=set)
    _places: set[tuple[int, int, int]] = field(default_factory=set)
    # texts whose contrast axe has judged: the kind of each text and the index of its element
    _tried: set[tuple[str, int]] = field(default_factory=set)

    def look(self, scheme: str, width: int) -> tuple[Document, int]:
        """Run the rules that may find something new in this look.

        Return the document, and a digest of the kinds of its texts in their order.
        """
        self.page.emulate_media(**SCHEMES[scheme])
        look, read = f"{scheme}, {width}", self.page.evaluate("looks.read", scheme in JUDGED)
        displayed, document = read["displayed"], (self.skeleton, read["displayed"])
        links, places = (displayed, read["links"]), (displayed, read["places"], width)
        rules: set[str] = set()
        if links not in self._links and (scheme == "light" or self.has_coloured_links):
            rules.add(LINKS)
        if places not in self._places:
            rules |= set(GEOMETRY)
        self.runs += document not in self.known or bool(rules)
        if texts := self._unproven(document, read["kinds"]):
            rules.add(CONTRAST)
        if document not in self.known or rules:
            self._run(look, document, rules, texts)
        self.known.add(document), self._links.add(links), self._places.add(places)
        # If the first text of a kind was not found to have enough contrast, judge all other texts of that kind.
        if texts and (others := self._unproven(document, read["kinds"])):
            self._run(look, document, {CONTRAST}, others)
        return document, read["painted"]

    def _unproven(self, document: Document, kinds: dict[str, list[int]]) -> set[tuple[str, int]]:
        """Return the texts whose contrast must be judged: the first of each new kind, and all of a doubtful kind."""
        chosen = set()
        for kind in kinds.keys() - self.good:
            texts = [text for text in kinds[kind] if (document, text) not in self.unjudged]
            chosen |= {(kind, text) for text in texts[: None if kind in self.doubtful else 1]} - self._tried
        return chosen

    def _run(self, look: str, document: Document, rules: set[str], texts: set[tuple[str, int]]) -> None:
        """Run these rules in one run of axe, because each run first reads the whole page; judge the texts' contrast.

        For a document that is not known, all rules run that are not about colours or geometry, too.
        """
        options = _only(*rules) if document in self.known else _all_but({CONTRAST, LINKS, *GEOMETRY} - rules)
        judged = self.page.evaluate("looks.judge", [options, [text for _kind, text in texts]])
        self.problems += [f"{look}: {problem}" for problem in judged["violations"]]
        self.has_coloured_links |= judged["hasColouredLinks"]
        self.good |= {kind for kind, text in texts if text in judged["good"]}
        self.unjudged |= {(document, text) for _kind, text in texts if text not in judged["judged"]}
        self.doubtful |= {kind for kind, _text in texts} - self.good
        self._tried |= texts


def make_ready(page: Page) -> None:
    """Load axe-core and looks.js into the page."""
    if page.evaluate("typeof looks") == "undefined":
        page.evaluate(AXE_SCRIPT), page.evaluate(SCRIPT)


def _only(*rules: str) -> dict:
    return {"runOnly": {"type": "rule", "values": list(rules)}}


def _all_but(rules: set[str]) -> dict:
    disabled = {rule: {"enabled": False} for rule in rules}
    return {"runOnly": {"type": "tag", "values": WCAG}, "rules": disabled}
