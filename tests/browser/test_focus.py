"""The focus is visible on every element, in every colour scheme, and never covered (A16)."""

from collections.abc import Iterator

import pytest

from tests.browser.focus import KIND_AND_PROBLEMS, Eye, focus_problems, kinds_in_turn
from tests.browser.keyboard import Keyboard
from tests.browser.measures import resize
from tests.browser.sights import BY_NAME, EVERY_KIND

pytestmark = pytest.mark.browser
STILL = {"reduced_motion": "reduce"}  # no smooth scrolling, so that the page stands still when it is measured
SIZES = {"phone": (390, 640), "desk": (1280, 720)}
SCHEMES = {
    "light": STILL | {"color_scheme": "light"},
    "dark": STILL | {"color_scheme": "dark"},
    "forced": STILL | {"forced_colors": "active", "color_scheme": "dark"},
}
# Pages of the organisers' desk: their forms and tables are long, and their heads stay in sight while they scroll.
DESK = ("attendee, confirmed", "import people, columns", "colleagues", "log", "figures", "export")
# Hides the page's bar when the focus leaves an element, and shows it by a timer after the next element has the focus.
SHOW_A_MOMENT_LATER = """() => {
    const bar = document.querySelector("div");
    addEventListener("focusout", () => { bar.hidden = true; });
    addEventListener("focusin", () => setTimeout(() => { bar.hidden = false; }, 0));
}"""


def in_both_sizes():
    """Yield each page in the size of a desktop and of a phone; by turns one of the two is marked as a slow test."""
    for number, name in enumerate((*EVERY_KIND, *DESK)):
        for kind, size in enumerate(SIZES):
            marks = () if number % 2 == kind else (pytest.mark.slow,)
            yield pytest.param(name, SIZES[size], id=f"{name}, {size}", marks=marks)


@pytest.fixture
def eye(chromium) -> Iterator[Eye]:
    """Give a page that compares screenshots."""
    eye = Eye(chromium)
    yield eye
    eye.close()


@pytest.mark.parametrize(
    "scheme", ["light", *(pytest.param(scheme, marks=pytest.mark.slow) for scheme in ("dark", "forced"))]
)
@pytest.mark.parametrize("name", [*EVERY_KIND, *DESK])
def test_focus_is_seen(visit, eye, name, scheme):
    """The focus changes at least as many pixels as an outline of 1 px has, by a contrast of 3:1."""
    page = visit(BY_NAME[name], "sv").page
    page.emulate_media(**SCHEMES[scheme])
    found = {kind: eye.change_by_focus(page) for kind in kinds_in_turn(page)}
    assert {kind: round(share, 2) for kind, share in found.items() if share < 1} == {}


@pytest.mark.parametrize(("name", "size"), list(in_both_sizes()))
def test_focus_is_never_covered(visit, name, size):
    page = visit(BY_NAME[name], "en").page
    page.emulate_media(**STILL)
    resize(page, *size)
    found = {}
    for key in ("Tab", "Shift+Tab"):
        for note in Keyboard(page).notes(key, KIND_AND_PROBLEMS):
            kind, problems = note["answer"]
            if problems:
                found[f"{key} {note['place']}, {kind}"] = problems
    assert found == {}


def test_what_covers_the_focus_a_moment_later_is_noticed(chromium):
    """Control: the notes tell of a bar that a timer shows after each focus.

    They need not do so at each of the links: Chromium may handle the next press before a timer that is due.
    """
    page = chromium.new_page()
    links = "".join(f'<p><a href="#{number}">A link</a></p>' for number in range(40))
    page.set_content(f'{links}<div hidden style="position: fixed; inset: 0; background: #fff"></div>')
    page.evaluate(SHOW_A_MOMENT_LATER)
    answers = [note["answer"] for note in Keyboard(page).notes("Tab", KIND_AND_PROBLEMS)]
    assert any(problems for _kind, problems in answers)
    page.close()


def test_focus_that_is_not_seen_or_covered_is_noticed(chromium, eye):
    """Control: a link without a focus indicator, and one that a sticky bar covers, are found."""
    page = chromium.new_page()
    page.set_content('<style>a:focus { outline: none }</style><p><a href="#1">A link</a></p>')
    Keyboard(page).press("Tab")
    assert eye.change_by_focus(page) < 1
    bar = '<div style="position: fixed; inset: 0 0 auto; height: 90px; background: #fff"></div>'
    page.set_content(f'<p><a href="#1">A link</a></p>{bar}')
    Keyboard(page).press("Tab")
    assert focus_problems(page) != []
    page.set_content('<p><a href="#1">A link</a></p>')
    Keyboard(page).press("Tab")
    assert (focus_problems(page), eye.change_by_focus(page) >= 1) == ([], True)
    page.close()
