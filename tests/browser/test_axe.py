"""Control tests: axe-core finds a fault in any look (width and colours), though most rules do not run in each look."""

from collections import defaultdict

import pytest

from tests.browser.looks import CONTRAST, LINKS, SCHEMES, Axe, make_ready
from tests.browser.measures import AXE_SCRIPT, COLOURS, WCAG, WIDTHS, axe_violations, resize
from tests.browser.sights import BY_NAME, EVERY_KIND

pytestmark = pytest.mark.browser
DARK, FORCED, WIDE = (
    "@media (prefers-color-scheme: dark)",
    "@media (forced-colors: active)",
    "@media (width > 500px)",
)
PLAIN = """body, button { background: #fff; color: #000 } a { color: #36e; text-decoration: none }
    button { height: 30px; width: 90px; padding: 0; border: 0 }"""
WORDS, LINK = (
    "<p>Words</p><p class=bad>Words</p>",
    "<p>Words around <a href='/'>a link</a> in a sentence.</p>",
)
BUTTONS = "<button disabled class=bad>a1</button><button class=bad>b2</button>"
# Each fault: the rule that finds it, the first look that shows it, the styles that cause it, and the page.
FAULTY = [
    ("image-alt", "light, 320", "", "<img src='data:,'>"),
    (
        "image-alt",
        "light, 768",
        f"img {{ display: none }} {WIDE} {{ img {{ display: block }} }}",
        "<img src='data:,'>",
    ),
    (CONTRAST, "light, 320", ".bad { color: #aaa }", WORDS),
    (CONTRAST, "dark, 320", f"{DARK} {{ .bad {{ color: #aaa }} }}", WORDS),
    (CONTRAST, "light, 768", f"{WIDE} {{ .bad {{ color: #aaa }} }}", WORDS),
    (CONTRAST, "light, 768", f"{WIDE} {{ .bad {{ background: #444 }} }}", WORDS),
    (
        CONTRAST,
        "light, 768",
        f".bad {{ color: #888; font-size: 30px }} {WIDE} {{ .bad {{ font-size: 1em }} }}",
        WORDS,
    ),
    (CONTRAST, "light, 320", ".bad { opacity: .4 }", "<p>Words</p><div class=bad><p>Words</p></div>"),
    (
        CONTRAST,
        "light, 320",
        ".bad { background: #444; height: 90px; margin-bottom: -90px }",
        f"{WORDS}<p>Words</p>",
    ),
    (CONTRAST, "light, 320", ".bad { color: #aaa }", BUTTONS),
    (LINKS, "light, 320", "a { color: #222 }", LINK),
    (LINKS, "dark, 320", f"{DARK} {{ a {{ color: #222 }} }}", LINK),
    (LINKS, "forced, 320", f"{FORCED} {{ a {{ color: #222 }} p, a {{ forced-color-adjust: none }} }}", LINK),
    (
        "target-size",
        "light, 768",
        f"{WIDE} {{ button {{ width: 9px }} }}",
        "<button>a1</button><button>b2</button>",
    ),
    (
        "target-size",
        "forced, 320",
        f"{FORCED} {{ button {{ width: 9px }} }}",
        "<button>a1</button><button>b2</button>",
    ),
]


@pytest.mark.parametrize(("rule", "look", "styles", "markup"), FAULTY)
def test_axe_finds_a_fault_in_the_first_look_that_has_it(chromium, rule, look, styles, markup):
    """Control: a fault is found even where other texts look like the faulty one and earlier looks have no fault."""
    page = chromium.new_page()
    page.set_content(
        f"<html lang=en><title>A page</title><style>{PLAIN} {styles}</style><h1>A page</h1>{markup}"
    )
    first, *_others = Axe().violations(page)
    page.close()
    assert first.startswith(f"{look}: {rule}: ")


def test_axe_finds_faults_of_all_kinds_in_one_run(chromium):
    """Control: weak contrast hides no other fault of the same look, and no other fault hides weak contrast."""
    page = chromium.new_page()
    styles = f"{PLAIN} .bad {{ color: #aaa }} a {{ color: #222 }} .small {{ width: 9px }}"
    markup = f"{WORDS}{LINK}<button class=small>a1</button><button class=small>b2</button><input><img src='data:,'>"
    page.set_content(f"<html lang=en><title>A page</title><style>{styles}</style><h1>A page</h1>{markup}")
    found = {
        tuple(problem.split(": ")[:2]) for problem in Axe(widths=(320,), schemes=("light",)).violations(page)
    }
    page.close()
    assert found == {("light, 320", rule) for rule in (CONTRAST, LINKS, "target-size", "label", "image-alt")}


SOUND = """<h1>Rubrik</h1><nav><a href='/sv/news/'>Nyheter</a></nav><p>Ord <a href='/sv/' class=short>en länk</a></p>
    <p>Ja <a href='/sv/' class=dim>en länk</a></p>
    <img src='/sv/ring' alt='En ring'><ul><li>Ett</li></ul><button aria-label='Sök'></button>
    <label for=namn>Namn</label><input id=namn name=name aria-describedby=råd autocomplete=name><p id=råd>Ett råd</p>
    <p lang=en class=bad>English</p>"""
# Faults of a page in one language whose translation has no fault: the rule that finds each, sound and faulty HTML.
IN_ONE_LANGUAGE = [
    ("document-title", "<title>Sida</title>", "<title> </title>"),
    ("html-has-lang", "<html lang=sv>", "<html>"),
    ("html-lang-valid", "<html lang=sv>", "<html lang=xy>"),
    ("valid-lang", "lang=en class", "lang=qq class"),
    ("link-name", ">Nyheter<", "> <"),
    ("image-alt", " alt='En ring'", ""),
    ("image-alt", "alt='En ring'", "alt=' '"),
    ("button-name", "aria-label='Sök'", "aria-label=''"),
    ("label", ">Namn<", "><"),
    ("label", "for=namn", "for=name"),
    ("aria-valid-attr-value", "aria-label='Sök'", "aria-label='Sök' aria-pressed=ja"),
    ("autocomplete-valid", "autocomplete=name", "autocomplete=namn"),
    ("list", "<ul><li>", "<ul>Ett<li>"),
    (LINKS, ">Ord <", ">Många fler ord <"),
    (LINKS, ">Ja <", ">Ja, många fler ord <"),  # a fault in the dark scheme only
    (CONTRAST, "class=bad", "class=bad style='color: #aaa'"),
    (
        "target-size",
        "</nav>",
        "</nav><button style='width: 9px'>1</button><button style='width: 9px'>2</button>",
    ),
]


@pytest.mark.parametrize(
    ("rule", "sound", "fault"),
    [
        pytest.param(*case, marks=() if case[0] in {"image-alt", CONTRAST} else pytest.mark.slow)
        for case in IN_ONE_LANGUAGE
    ],
)
def test_axe_finds_a_fault_that_only_the_second_language_has(chromium, rule, sound, fault):
    """Control: most rules do not run again in another language, unless the document differs in more than its words."""
    page, axe, found = chromium.new_page(), Axe(widths=(320,), schemes=("light", "dark")), []
    styles = f"{PLAIN} .short {{ color: #222 }} {DARK} {{ .dim {{ color: #222 }} }}"
    whole = f"<html lang=sv><title>Sida</title><style>{styles}</style>{SOUND}"
    for html in (whole, whole.replace(sound, fault)):
        page.set_content(html)
        found.append({each.split(": ")[1] for each in axe.violations(page)})
    page.close()
    assert found == [set(), {rule}]


@pytest.fixture(scope="session")
def seen() -> defaultdict[str, set[str]]:
    """Give the pairs of colours that axe has seen of each kind of text, on any page."""
    return defaultdict(set)


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=() if name == "front" else pytest.mark.slow) for name in EVERY_KIND]
)
def test_texts_of_a_kind_have_one_contrast(visit, seen, name):
    """Control: of all texts of one kind axe sees the same two colours, on every page and in every look."""
    page = visit(BY_NAME[name], "sv").page
    make_ready(page)
    for width in WIDTHS:
        resize(page, width)
        for scheme in ("light", "dark"):
            page.emulate_media(**SCHEMES[scheme])
            for kind, colours in page.evaluate(
                COLOURS_BY_KIND, {"runOnly": {"type": "rule", "values": [CONTRAST]}}
            ):
                seen[kind].add(colours)
    assert len(seen) > 10
    assert [colours for colours in seen.values() if len(colours) > 1] == []


COLOURS_BY_KIND = """async options => {
    const kinds = Object.entries(looks.read().kinds), elements = looks.all();
    const found = await axe.run({...options, resultTypes: ["passes"], elementRef: true, selectors: false});
    return found.passes.flatMap(({nodes}) => nodes).map(({element, any: [{data}]}) => [
        kinds.find(([, texts]) => texts.includes(elements.indexOf(element)))[0], `${data.fgColor} on ${data.bgColor}`,
    ]);
}"""


def test_axe_runs_all_its_rules_about_colours_in_the_dark(chromium):
    """Control: no other rule of axe's that the tests run is about colours."""
    page = chromium.new_page()
    page.evaluate(AXE_SCRIPT)
    rules = page.evaluate("tags => axe.getRules(tags)", WCAG)
    about_colours = {rule["ruleId"] for rule in rules if "cat.color" in rule["tags"]}
    assert about_colours == set(COLOURS["only"]["runOnly"]["values"]) == {CONTRAST, LINKS}
    page.close()


def test_axe_finds_what_is_wrong(chromium):
    """Control: a picture without a text and grey text on white are found."""
    page = chromium.new_page()
    page.set_content('<main><img src="data:,"><p style="color: #aaa; background: #fff">Grey</p></main>')
    assert {problem.partition(":")[0] for problem in axe_violations(page)} >= {"image-alt", "color-contrast"}
    page.close()
