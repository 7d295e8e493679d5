"""Control tests: each measure of measures.js finds the faults that it should, and no others."""

import pytest

from tests.browser.measures import measure, space_text
from tests.browser.sights import BY_NAME

pytestmark = pytest.mark.browser
LONG = "Lentokonesuihkuturbiinimoottoriapumekaanikkoaliupseerioppilas"
# How many faults the sample page of a measure has. The sample of a measure that is not listed has one fault.
FAULTS = {
    "fields": 5,
    "choices": 2,
    "purposes": 4,
    "tables": 2,
    "tongues": 4,
}
WRONG = {
    "sideways": f"<h1>{LONG}</h1>",
    "spilt": f'<div style="overflow-x: clip"><p style="width: 40px">{LONG}</p></div>',
    "cut": f'<p style="width: 40px; overflow: hidden">{LONG}</p>',
    "overlaid": '<p>One line</p><p style="margin-top: -30px">Another line</p>',
    "small": '<ul><li><a style="display: block; line-height: 12px" href="#a">One</a></li>'
    '<li><a style="display: block; line-height: 12px" href="#b">Two</a></li></ul>',
    "twins": '<main><a href="/a">Change</a> <a href="/b">Change</a></main>',
    "spoken": '<a href="/1" aria-label="First">1</a>',
    "fields": '<main><input class=input name=q placeholder="Search"><label for=n>Name *</label>'
    "<input class=input id=n aria-describedby=n-error><p class=error id=n-error>Enter it</p><p class=hint>Any</p>",
    "choices": "<main><input type=hidden name=key><input type=checkbox name=photographs checked>",
    "purposes": "<body class=public><main><input class=input name=email><input class=input name=shoe_size>",
    "tables": "<table><tr><th>Name<td>Åsa</table>",
    "tongues": '<title>Forum</title><main><h1>News</h1><a hreflang=sv href="/sv/">Svenska</a>'
    "<label><input type=radio name=language value=sv>Svenska</label>",
    "told": "<p class=flash>Saved.</p>",
    "motion": '<p style="transition: color 1s">Slow</p>',
    "printed": "<main><h1>A page</h1><button class=button>Press</button></main>",
}
RIGHT = {
    "sideways": f'<div style="overflow-x: auto"><p style="width: 900px">{LONG}</p></div>',
    "spilt": f'<p style="width: 40px; overflow-wrap: anywhere">{LONG}</p>',
    "cut": '<p style="clip-path: inset(50%); width: 1px; height: 1px; overflow: hidden">Only to be heard</p>',
    "overlaid": "<p>One line</p><p>Another line</p>",
    "small": '<p>A sentence with <a href="#a">a link</a> in it.</p><p><button style="height: 24px">Press</button></p>',
    "twins": '<main><a href="/a">Change</a> <a href="/a">Change</a> <button>Send</button></main>',
    "spoken": '<a href="/1" aria-label="1. First">1</a>',
    "fields": "<main><label for=n>Name</label><p class=hint id=n-hint>Any</p><p class=error id=n-error>Enter it</p>"
    '<input class=input id=n aria-describedby="n-hint n-error" aria-invalid=true>',
    "choices": "<html lang=sv><main><input type=hidden name=key><fieldset><legend>Language</legend>"
    "<input type=radio name=language value=sv checked></fieldset>",
    "purposes": "<body class=public><main>"
    "<input class=input name=email type=email autocomplete=email spellcheck=false>",
    "tables": "<table><caption>People</caption><tr><th scope=row>Name<td>Åsa</table>",
    "tongues": '<title>Error: News – Forum</title><a class=skip-link href="#main">Skip</a><main id=main><h1>News</h1>'
    '<a hreflang=sv lang=sv href="/sv/">Svenska</a>'
    "<input type=radio name=language value=sv id=sv><label for=sv lang=sv>Svenska</label>",
    "told": "<p class=flash role=status>Saved.</p>",
    "motion": '<p style="transition: none">Still</p>',
    "printed": '<main><h1 style="background: #fff">A page</h1><p>Words</p></main>',
}


@pytest.fixture
def blank(chromium):
    """Give an empty page, as wide as a phone."""
    page = chromium.new_page(viewport={"width": 320, "height": 640})
    yield page
    page.close()


@pytest.mark.parametrize("name", WRONG)
def test_measure_finds_what_is_wrong(blank, name):
    blank.set_content(f"<style>body {{ background: #fff }}</style>{WRONG[name]}")
    assert len(measure(blank, name)) >= FAULTS.get(name, 1)


@pytest.mark.parametrize("name", RIGHT)
def test_measure_leaves_alone_what_is_right(blank, name):
    blank.set_content(f"<style>body {{ background: #fff }}</style>{RIGHT[name]}")
    assert measure(blank, name) == []


def test_space_text_reaches_under_a_policy(visit):
    """Wider text spacing is applied although the pages' Content Security Policy forbids inline styles."""
    page = visit(BY_NAME["front"]).page
    space_text(page)
    assert page.locator("main p").first.evaluate("p => getComputedStyle(p).letterSpacing") != "normal"
