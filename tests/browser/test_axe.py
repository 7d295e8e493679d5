"""axe-core finds no fault in any page and state, in both languages, light and dark, 320, 768 and 1280 px wide (A01)."""

import pytest

from tests.browser.measures import AXE_SCRIPT, COLOURS, WCAG, WIDTHS, axe_violations, resize
from tests.browser.sights import BY_NAME

pytestmark = pytest.mark.browser


@pytest.mark.slow
@pytest.mark.parametrize("language", ["sv", "en"])
@pytest.mark.parametrize("name", BY_NAME)
def test_axe_finds_nothing_in_any_look(visit, name, language):
    """The dark scheme differs by colours only (guards/test_stylesheets), so only the rules about colours run in it."""
    page, found = visit(BY_NAME[name], language).page, []
    for scheme, forced, colours in (("light", False, "too"), ("dark", False, "only"), ("dark", True, "none")):
        page.emulate_media(color_scheme=scheme, forced_colors="active" if forced else "none")
        for width in WIDTHS:
            resize(page, width)
            problems = axe_violations(page, colours=colours)
            found += [f"{scheme}, {width}, forced {forced}: {problem}" for problem in problems]
    assert found == []


def test_axe_runs_all_its_rules_about_colours_in_the_dark(chromium):
    """Control: no other rule of axe's that the tests run is about colours."""
    page = chromium.new_page()
    page.evaluate(AXE_SCRIPT)
    rules = page.evaluate("tags => axe.getRules(tags)", WCAG)
    about_colours = {rule["ruleId"] for rule in rules if "cat.color" in rule["tags"]}
    assert about_colours == set(COLOURS["only"]["runOnly"]["values"])
    page.close()


def test_axe_finds_what_is_wrong(chromium):
    """Control: a picture without a text and grey text on white are found."""
    page = chromium.new_page()
    page.set_content('<main><img src="data:,"><p style="color: #aaa; background: #fff">Grey</p></main>')
    assert {problem.partition(":")[0] for problem in axe_violations(page)} >= {"image-alt", "color-contrast"}
    page.close()
