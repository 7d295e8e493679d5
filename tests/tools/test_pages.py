"""The test client: each of its page checks can fail, and it sends forms like a browser."""

import pytest
from flask import Response, redirect, request
from sqlalchemy import text

from forum.accounts.access import AUDIENCES, Face
from forum.extensions import csrf, db
from tools.page_checks import Digests, PageProblems, page_problems, renumbered, skeleton_of
from tools.pages import counted_statements

GOOD = """<!doctype html>
<html lang="en"><head><title>A title</title></head>
<body class="public"><header><nav><a href="/en/">Start</a></nav></header>
<main id="main"><h1>Heading</h1><h2>Part</h2>
<svg aria-hidden="true"></svg><img src="/static/a.svg" alt="">
<script type="application/ld+json">{"a": 1}</script>
<form action="/en/x" method="post"><label for="name">Name</label>
<input id="name" name="name" aria-describedby="name-hint"><p id="name-hint">A hint</p>
<button>Send</button></form></main><footer>Foot</footer></body></html>"""

WRONG = """<div class="error-summary"><ul><li><a href="#name">Enter a name</a></li></ul></div>"""

# For each fault: text of the good page, the text that replaces it, and the problem that must be found.
BROKEN = {
    "mis-nested elements": ("<h2>Part</h2>", "<h2><p>Part</h2></p>", "invalid HTML"),
    "an unknown entity": ("A hint", "A &hnt; B", "invalid HTML"),
    "an attribute twice": ('alt=""', 'alt="" alt="x"', "invalid HTML"),
    "no doctype": ("<!doctype html>\n", "", "invalid HTML"),
    "no language": ('<html lang="en">', "<html>", "<html> has no language"),
    "a foreign language": ('lang="en"', 'lang="xx"', "<html> has no language"),
    "an empty title": ("A title", " ", "no title"),
    "no h1": ("<h1>Heading</h1>", "", "0 h1"),
    "two h1": ("<h2>Part</h2>", "<h1>Part</h1>", "2 h1"),
    "an empty h1": ("Heading", "", "1 h1, or an empty one"),
    "no main": ('<main id="main">', "<div>", "0 main"),
    "neither header nor nav": (
        '<header><nav><a href="/en/">Start</a></nav></header>',
        "",
        "neither header nor nav",
    ),
    "no footer": ("<footer>Foot</footer>", "", "no footer"),
    "a skipped heading level": ("<h2>Part</h2>", "<h3>Part</h3>", "h3 follows h1"),
    "an id twice": ('id="name-hint"', 'id="main"', "id 'main' stands 2 times"),
    "a description that is not there": ('describedby="name-hint"', 'describedby="other"', "leads to no id"),
    "a label for nothing": ('for="name"', 'for="other"', "label for 'other'"),
    "a link to nowhere on the page": ('href="/en/"', 'href="#nowhere"', "link to '#nowhere'"),
    "a field without a label": ('<label for="name">Name</label>', "", "field 'name' has no label"),
    "an empty label": (">Name<", "><", "field 'name' has no label"),
    "a button beside a hidden field of its name": (
        "<button>Send</button>",
        '<input type="hidden" name="then"><button name="then" value="on">Send</button>',
        "button 'then' stands beside a hidden field",
    ),
    "a button outside the form that has a hidden field of its name": (
        "<button>Send</button></form>",
        '<button>Send</button></form><form id="many" action="/en/y"><input type="hidden" name="then"></form>'
        '<button form="many" name="then" value="on">Send</button>',
        "button 'then' stands beside a hidden field",
    ),
    "a button without words": ("Send", "", "<button> without words"),
    "a link without words": ("Start", "", "<a> without words"),
    "an image without alt": (' alt=""', "", "image without alt"),
    "a picture without a name": (' aria-hidden="true"', "", "an svg"),
    "an inline script": ("<h2>", "<script>alert(1)</script><h2>", "an inline script"),
    "a script with both": ("<h2>", '<script src="/a.js">1</script><h2>', "an inline script"),
    "a broken data block": ('{"a": 1}', "{", "not JSON"),
    "a style element": ("<title>", "<style></style><title>", "an inline style element"),
    "a style attribute": ("<h2>", '<h2 style="color:red">', "the attribute style"),
    "a handler": ("<h2>", '<h2 onclick="x()">', "the attribute onclick"),
    "a javascript: link": ('href="/en/"', 'href=" JavaScript:alert(1)"', "leads to a script"),
    "a foreign image": ('src="/static/a.svg"', 'src="https://other.example/a.svg"', "leads to another site"),
    "an image without a scheme": ('src="/static/a.svg"', 'src="//other.example/a"', "leads to another site"),
    "a foreign srcset": ('alt=""', 'alt="" srcset="/a 1x, https://o.example/b 2x"', "leads to another site"),
    "a foreign form": ('action="/en/x"', 'action="https://other.example/"', "leads to another site"),
    "a foreign style sheet": (
        "</head>",
        '<link rel="stylesheet" href="https://o.example/a.css"></head>',
        "fetches from another site",
    ),
    "a placeholder in the text": ("A hint", "%(count)s left", "unfilled placeholder %(count)s"),
    "a placeholder in an attribute": ("<h2>", '<h2 title="%(name)s">', "unfilled placeholder"),
    "errors without a summary": (
        "<button>",
        '<p class="error" id="name-error">Enter a name</p><button>',
        "without a summary",
    ),
    "a summary without errors": (
        "<h2>Part</h2>",
        WRONG,
        "the summary says ['Enter a name'], the fields say []",
    ),
    "an error title that does not say so": (
        "<h2>Part</h2>",
        WRONG,
        "the title does not start with the word for an error",
    ),
    "an error that describes nothing": (
        "<h2>Part</h2>",
        f'{WRONG}<p class="error" id="name-error">Enter a name</p>',
        "nothing is described by name-error",
    ),
}


def test_a_sound_page_has_no_problems():
    assert page_problems(GOOD) == []


@pytest.mark.parametrize("name", BROKEN)
def test_each_check_can_fail(name):
    old, new, problem = BROKEN[name]
    # Check the good page first: the checks then remember it, and it is not parsed again.
    assert page_problems(GOOD) == []
    assert any(problem in found for found in page_problems(_changed(old, new)))


ALIKE = {  # a piece of the page, and a replacement that changes only texts and values
    "another text": ("A hint", "Hinted at &amp; by &quot;somebody&quot;"),
    "another value": ('action="/en/x"', 'action="/en/y?a=1&amp;b=2"'),
    "another space": ("<h2>Part</h2>", "<h2>A\n  part</h2>"),
}
UNLIKE = {  # a piece of the page, and a replacement that may make the page's HTML invalid
    "a text instead of space": ("</p>\n<button>", "</p>x<button>"),
    "no text": (">Part<", "><"),
    "an unknown entity": ("A hint", "A &hnt; B"),
    "a reference without an end": ("A hint", "A &amp B"),
    "an element": ("A hint", "A <b>hint</b>"),
    "a quote in a value": ('action="/en/x"', """action="/en/'x" """),
    "two hyphens": ("A hint", "A -- hint"),
    "a hyphen at the end": ("A hint", "A hint-"),
    "a control character": ("A hint", "A \x01 hint"),
    "what is no character": ("A hint", "A \ufdd0 hint"),
    "another kind of field": ('<input id="name"', '<input type="hidden" id="name"'),
    "an attribute twice": ('alt=""', 'alt="" alt="x"'),
}


@pytest.mark.parametrize("name", ALIKE)
def test_pages_that_differ_in_texts_and_values_have_one_skeleton(name):
    assert skeleton_of(_changed(*ALIKE[name])) == skeleton_of(GOOD)


@pytest.mark.parametrize("name", UNLIKE)
def test_pages_that_may_not_be_equally_valid_have_different_skeletons(name):
    assert skeleton_of(_changed(*UNLIKE[name])) != skeleton_of(GOOD)


TOKEN = "x-_4" * 10 + "abc"
NUMBERED = GOOD.replace(
    "<h2>Part</h2>",
    f"""<h2>Part 12</h2><p id="row-12">12 of 34, 7K2M-99QA</p><a href="#row-12">To 7K2M-99QA</a>
<input type="hidden" name="csrf_token" value="IjM0.aB-c_d.0123456789"><a href="/r/{TOKEN}">It&#39;s yours</a>""",
)
RENUMBERED = {  # numbers and random words of the page, and others
    "another number": ("12", "7"),
    "another reference": ("7K2M-99QA", "7K2M-99QB"),
    "another token of a session": ("0123456789", "012345678X"),
    "another token of a link": (TOKEN, TOKEN[::-1]),
}
MATTERING = {  # for numbers and words that a check reads: a piece of the page, its replacement, and the problem
    "a link to another number": ('href="#row-12"', 'href="#row-34"', "link to '#row-34'"),
    "an id twice": ('id="name-hint"', 'id="row-12"', "id 'row-12' stands 2 times"),
    "another level of heading": ("<h2>Part 12</h2>", "<h3>Part 12</h3>", "h3 follows h1"),
    "a data block": ('{"a": 1}', '{"a": 01}', "not JSON"),
    "a character": ("&#39;", "&#1;", "invalid HTML"),
    "a hexadecimal character": ("&#39;", "&#x1;", "invalid HTML"),
    "a value with a placeholder": ('value="IjM0.', 'value="%(count)s.', "unfilled placeholder"),
}


@pytest.mark.parametrize("name", RENUMBERED)
def test_pages_that_differ_in_numbers_and_random_words_are_checked_once(name):
    old, new = RENUMBERED[name]
    assert NUMBERED.count(old)
    assert renumbered(NUMBERED.replace(old, new)) == renumbered(NUMBERED)


def test_a_page_with_the_marks_of_a_replaced_word_is_not_taken_for_another():
    """A page that itself contains the characters around replaced words stays as it is."""
    marked = NUMBERED.replace("To 7K2M-99QA", "To \ue0001\ue001")
    assert renumbered(marked) == marked
    assert "\ue000" not in NUMBERED


@pytest.mark.parametrize("name", MATTERING)
def test_a_number_or_word_that_a_check_reads_is_checked(name):
    """Control: a page with such a fault is not taken for a sound page that was checked before."""
    old, new, problem = MATTERING[name]
    assert page_problems(NUMBERED) == []
    assert old in NUMBERED
    assert any(problem in found for found in page_problems(NUMBERED.replace(old, new, 1)))


def test_processes_share_the_digests_of_pages_and_no_others(tmp_path):
    first, second, alone = Digests(), Digests(), Digests()
    first.folder = second.folder = tmp_path
    first.add("ab")
    assert [("ab" in known, "cd" in known) for known in (first, second, alone)] == [(True, False)] * 2 + [
        (False,) * 2
    ]


def _changed(old: str, new: str) -> str:
    assert old in GOOD
    return GOOD.replace(old, new, 1)


@pytest.fixture
def site(app, monkeypatch):
    """Give an app with a few routes, among them a form whose answer shows the values that were sent."""
    form = GOOD.replace(
        "<button>Send</button>",
        """<input type="hidden" name="step" value="2">
        <label><input type="checkbox" name="list" value="yes"> List</label>
        <label><input type="radio" name="way" value="a" checked> A</label>
        <label><input type="radio" name="way" value="b"> B</label>
        <label for="country">Country</label><select id="country" name="country">
        <option value="SE">Sweden</option><option value="NO" selected>Norway</option></select>
        <label for="note">Note</label><textarea id="note" name="note">
Words</textarea>
        <button name="do" value="send">Send</button><button name="do" value="draft">Keep</button>""",
    )

    def show() -> Response | str:
        if request.method == "GET":
            return form
        return Response(repr(sorted(request.form.items(multi=True))), mimetype="text/plain")

    views = {
        "/en/x": show,
        "/moved": lambda: redirect("/en/x", 303),
        "/cookie": lambda: Response("x", headers={"Set-Cookie": "a=b"}, mimetype="text/plain"),
        "/bare": lambda: Response(GOOD.replace("<h1>Heading</h1>", ""), mimetype="text/html"),
        "/read": _read_version,
    }
    for path, view in views.items():
        app.add_url_rule(path, f"try{path}", csrf.exempt(view), methods=["GET", "POST"])
        monkeypatch.setitem(AUDIENCES, f"try{path}", Face.PUBLIC)


@pytest.mark.usefixtures("site")
def test_submit_sends_what_a_browser_would(pages):
    answer = pages.post("/en/x", {"name": "Åsa", "list": True}, expect=200)
    assert answer.text == repr(
        [
            ("country", "NO"),
            ("do", "send"),
            ("list", "yes"),
            ("name", "Åsa"),
            ("note", "Words"),
            ("step", "2"),
            ("way", "a"),
        ]
    )


@pytest.mark.usefixtures("site")
def test_submit_presses_the_button_and_sends_no_empty_choice(pages):
    form = pages.get("/en/x").form()
    answer = form.submit({"way": None, "country": "SE"}, button="Keep", forged={"id": 7}, expect=200)
    assert answer.text == repr(
        [("country", "SE"), ("do", "draft"), ("id", "7"), ("name", ""), ("note", "Words"), ("step", "2")]
    )
    assert form.names == ["name", "list", "way", "country", "note"]


@pytest.mark.usefixtures("site")
@pytest.mark.parametrize("data", [{"nmae": "x"}, {"country": "XX"}, {"way": "c"}])
def test_submit_refuses_what_the_form_does_not_offer(pages, data):
    with pytest.raises(AssertionError):
        pages.post("/en/x", data, expect=200)


@pytest.mark.usefixtures("site")
def test_get_checks_status_page_and_cookies(pages):
    with pytest.raises(AssertionError, match="303, not 200"):
        pages.get("/moved")
    with pytest.raises(PageProblems, match="0 h1"):
        pages.get("/bare")
    with pytest.raises(PageProblems, match="sets a cookie"):
        pages.get("/cookie")


@pytest.mark.usefixtures("site")
def test_get_follows_when_asked(pages):
    page = pages.get("/moved", follow=True)
    assert (page.path, page.title, page.h1, page.links) == (
        "/en/x",
        "A title",
        "Heading",
        {"Start": "/en/"},
    )


@pytest.mark.usefixtures("site")
def test_get_missing_policy_is_found(app, pages):
    app.after_request_funcs[None].insert(0, _without_policy)
    with pytest.raises(PageProblems, match="content security policy"):
        pages.get("/en/x")


@pytest.mark.usefixtures("site")
def test_get_collects_the_statements(pages):
    assert pages.get("/read").statements == ["SELECT version FROM content_version"]


def test_statements_are_collected_within_each_block_and_no_longer(app):
    def read(number: int) -> None:
        db.session.execute(text(f"SELECT {number}"))

    with app.app_context():
        with counted_statements(app) as outer:
            read(1)
            with counted_statements(app) as inner:
                read(2)
            read(3)
        read(4)
    assert (outer, inner) == (["SELECT 1", "SELECT 2", "SELECT 3"], ["SELECT 2"])


def _read_version() -> Response:
    version = db.session.execute(text("SELECT version FROM content_version")).scalar_one()
    return Response(str(version), mimetype="text/plain")


def _without_policy(response: Response) -> Response:
    response.headers.remove("Content-Security-Policy")
    return response
