"""axe-core finds no fault in any page and state, in both languages, light and dark, 320, 768 and 1280 px wide (A01)."""

import pytest

from tests.browser.measures import WIDTHS, axe_violations, resize
from tests.browser.sights import BY_NAME

pytestmark = pytest.mark.browser


@pytest.mark.slow
@pytest.mark.parametrize("language", ["sv", "en"])
@pytest.mark.parametrize("name", BY_NAME)
def test_axe_finds_nothing_in_any_look(visit, name, language):
    page, found = visit(BY_NAME[name], language).page, []
    for scheme, forced in (("light", False), ("dark", False), ("dark", True)):
        page.emulate_media(color_scheme=scheme, forced_colors="active" if forced else "none")
        for width in WIDTHS:
            resize(page, width)
            problems = axe_violations(page, own_colours=not forced)
            found += [f"{scheme}, {width}, forced {forced}: {problem}" for problem in problems]
    assert found == []


def test_axe_finds_what_is_wrong(chromium):
    """Control: a picture without a text and grey text on white are found."""
    page = chromium.new_page()
    page.set_content('<main><img src="data:,"><p style="color: #aaa; background: #fff">Grey</p></main>')
    assert {problem.partition(":")[0] for problem in axe_violations(page)} >= {"image-alt", "color-contrast"}
    page.close()
