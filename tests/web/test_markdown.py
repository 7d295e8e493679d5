"""Markdown gives the allowed HTML only: nothing that runs, loads a resource or makes an unsafe link (S32)."""

import re
from urllib.parse import urlsplit

import pytest
from bs4 import BeautifulSoup
from hypothesis import given
from hypothesis import strategies as st

from forum.columns import Text
from forum.web.markdown import ATTRIBUTES, TAGS, render
from tests.factories.events import make_event, make_page
from tests.factories.news import make_post

VECTORS = [
    # Attacks by raw HTML
    "<script>alert(1)</script>",
    "<SCRIPT SRC=//e.example/x.js></SCRIPT>",
    "<scr<script>ipt>alert(1)</scr</script>ipt>",
    "<img src=x onerror=alert(1)>",
    "<img src=x onerror=alert(1)//",
    "<svg/onload=alert(1)>",
    "<svg><script>alert(1)</script></svg>",
    "<math><mtext><table><mglyph><style><img src=x onerror=alert(1)>",
    "<iframe src=javascript:alert(1)></iframe>",
    "<iframe srcdoc='<script>alert(1)</script>'></iframe>",
    "<object data=javascript:alert(1)>",
    "<embed src=javascript:alert(1)>",
    "<form action=//e.example><input name=a><button>x</button></form>",
    "<a href='javascript:alert(1)'>x</a>",
    '<a href="//e.example">x</a>',
    "<base href=//e.example/>",
    "<link rel=stylesheet href=//e.example/a.css>",
    "<meta http-equiv=refresh content='0;url=//e.example'>",
    "<style>@import '//e.example/a.css';</style>",
    "<p style='position:fixed'>x</p>",
    "<body onload=alert(1)>",
    "<details open ontoggle=alert(1)>",
    "<video><source onerror=alert(1)></video>",
    "<noscript><p title='</noscript><img src=x onerror=alert(1)>'>",
    "<textarea></textarea><script>alert(1)</script>",
    "<xmp><script>alert(1)</script></xmp>",
    "<!--><script>alert(1)</script>-->",
    "<![CDATA[<script>alert(1)</script>]]>",
    "<?php echo 1 ?>",
    "</div></main><script>alert(1)</script>",
    "<a id=main>x</a>",
    # Attacks by links
    "[x](javascript:alert(1))",
    "[x](JaVaScRiPt:alert(1))",
    "[x]( javascript:alert(1))",
    "[x](<javascript:alert(1)>)",
    "[x](<java\tscript:alert(1)>)",
    "[x](java&#x0A;script:alert(1))",
    "[x](&#106;avascript:alert(1))",
    "[x](&#x6A&#x61&#x76ascript:alert(1))",
    "[x](javascript&colon;alert(1))",
    "[x](\\javascript:alert(1))",
    "[x](\x01javascript:alert(1))",
    "[x](vbscript:msgbox(1))",
    "[x](data:text/html,<script>alert(1)</script>)",
    "[x](data:text/html;base64,PHNjcmlwdD5hbGVydCgxKTwvc2NyaXB0Pg==)",
    "[x](data:image/png;base64,AAAA)",
    "[x](file:///etc/passwd)",
    "[x](ftp://e.example/)",
    "[x](blob:https://e.example/1)",
    "[x](//e.example/)",
    "[x](/\\e.example/)",
    "[x](\\\\e.example)",
    "[x](/&#92;e.example/)",
    "[x](</\t/e.example/>)",
    "[x](/&#9;/e.example)",
    "[x](http:///e.example)",
    "[x](https:e.example)",
    "[x](http:\\\\e.example)",
    "[x](tel:+46)",
    "[x](relative/page)",
    "[x](?q=1)",
    "[x](javascript://%0Aalert(1))",
    "[x](mailto:a@b.example?body=<script>)",
    "<javascript:alert(1)>",
    "<data:text/html,x>",
    "[x][1]\n\n[1]: javascript:alert(1)",
    "[x]\n\n[x]: data:text/html,x 'title'",
    '[x](/sv/ "title\\" onmouseover=alert(1)")',
    '[x](/sv/"onmouseover=alert(1))',
    "[x](/sv/'onmouseover='alert(1))",
    "[<img src=x onerror=alert(1)>](/sv/)",
    '[x](https://e.example/"><script>alert(1)</script>)',
    # Attacks by images
    "![x](https://e.example/pixel.png)",
    "![x](//e.example/pixel.png)",
    "![x](data:image/svg+xml,<svg onload=alert(1)>)",
    '![x" onerror="alert(1)](x)',
    "![<script>alert(1)</script>](x)",
    "[![x](https://e.example/p.png)](javascript:alert(1))",
    # Attacks within headings and other blocks
    "# <script>alert(1)</script>",
    "## x {#main}",
    '## x {#x" onclick="alert(1)}',
    "## x {#<script>}",
    "```<script>\nalert(1)\n```",
    '```x" onload="alert(1)\n</code></pre><script>alert(1)</script>\n```',
    "    <script>alert(1)</script>",
    "`<script>alert(1)</script>`",
    "| <script>alert(1)</script> |\n|:-:|\n| [x](javascript:alert(1)) |",
    "> <script>alert(1)</script>",
    "- <script>alert(1)</script>",
    "1000000000000. x",
    "&lt;script&gt;alert(1)&lt;/script&gt;",
    "&#60;script&#62;alert(1)&#60;/script&#62;",
    "\x00<script>alert(1)</script>",
    "\ufeff<script>alert(1)</script>",
    "\u2028<script>\u2029",
    "{{7*7}}{% include '/etc/passwd' %}",
    "[[[[[[[[" * 200,
    "*a_" * 300,
    "> " * 300 + "x",
]


def wrong_with(html: str) -> list[str]:
    """Return the parts of the HTML that could run code, load a resource, be an unsafe link or break the page around."""
    soup, problems = BeautifulSoup(html, "html.parser"), []
    for element in soup.find_all(True):
        if element.name not in TAGS or set(element.attrs) - ATTRIBUTES.get(element.name, set()):
            problems.append(str(element))
        if href := element.get("href"):
            parts = urlsplit(href)
            own = not parts.scheme and not parts.netloc and re.match(r"(/(?![/\\])|#)", href)
            if not (own or parts.scheme == "mailto" or (parts.scheme in {"http", "https"} and parts.netloc)):
                problems.append(href)
        if element.get("id") == "main":
            problems.append("the layout's id")
    return problems


@pytest.mark.parametrize("text", VECTORS)
def test_nothing_harmful_comes_out(text):
    assert wrong_with(render(text)) == []


@given(st.text(alphabet="<>[]()!\"'&#;:/\\`*_{}|-= \n\tajvscriptonerhtmldx", max_size=200))
def test_nothing_harmful_comes_out_of_chance(text):
    assert wrong_with(render(text)) == []


@pytest.mark.parametrize(
    "html",
    [
        "<script>x</script>",
        '<a href="javascript:x">x</a>',
        '<a href="//e.example">x</a>',
        '<p onclick="x">x</p>',
        '<img src="x">',
        '<h2 id="main">x</h2>',
        '<a href="https:e.example">x</a>',
    ],
)
def test_the_corpus_test_can_fail(html):
    assert wrong_with(html)


@pytest.mark.usefixtures("frozen", "database")
def test_every_vector_is_harmless_on_the_pages_that_show_it(pages):
    """Pages with every hostile text have no scripts, event handlers, foreign resources or broken HTML."""
    text = "\n\n".join(VECTORS).replace("\x00", "")  # PostgreSQL stores no NUL
    event = make_event(sharing=Text(sv=text, en=text))
    make_page(event, body=Text(sv=text, en=text))
    make_post(slug="a", body=text.replace("```", "'''"))
    for path in ("/en/", "/en/pages/practical", "/en/news/2016/11/25/a-en", "/en/news/feed.atom"):
        assert pages.get(path).soup.select("main script, main img, main style, main iframe") == []


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("A *b* **c** `d`", "<p>A <em>b</em> <strong>c</strong> <code>d</code></p>\n"),
        ("[x](/sv/pages/a#b)", '<p><a href="/sv/pages/a#b">x</a></p>\n'),
        ("[x](#b)", '<p><a href="#b">x</a></p>\n'),
        ("[x](https://e.example/å)", '<p><a href="https://e.example/%C3%A5">x</a></p>\n'),
        ("<a@e.example>", '<p><a href="mailto:a@e.example">a@e.example</a></p>\n'),
        ("![A ring](https://e.example/a.png)", "<p>A ring</p>\n"),
        ("3. x\n4. y", '<ol start="3">\n<li>x</li>\n<li>y</li>\n</ol>\n'),
        ("a < b & c", "<p>a &lt; b &amp; c</p>\n"),
        ("", ""),
    ],
)
def test_what_may_be_said(text, html):
    assert render(text) == html


@pytest.mark.parametrize(
    ("text", "headings"),
    [
        ("# A\n\n## B", [("h2", "A", None), ("h3", "B", None)]),
        ("## A\n\n### B", [("h2", "A", None), ("h3", "B", None)]),
        ("#### A\n\n# B", [("h2", "A", None), ("h2", "B", None)]),
        ("# A\n\n###### B", [("h2", "A", None), ("h3", "B", None)]),
        ("## A {#a}\n\n## B {#a}\n\n## C {#main}", [("h2", "A", "a"), ("h2", "B", None), ("h2", "C", None)]),
        ("## A {#Not-one}", [("h2", "A {#Not-one}", None)]),
        ("## {#only}", [("h2", "", "only")]),
    ],
)
def test_headings_fit_below_the_pages_own(text, headings):
    found = BeautifulSoup(render(text), "html.parser").find_all(re.compile("^h[1-6]$"))
    assert [(element.name, element.get_text(), element.get("id")) for element in found] == headings


def test_table_has_column_headings_and_no_styles():
    html = render("| A | B |\n|:--|--:|\n| 1 | 2 |")
    assert html.startswith('<div class="table-scroll" role="region" tabindex="0" aria-label="A, B"><table>')
    assert '<th scope="col">A</th>' in html
    assert "style" not in html


@pytest.mark.parametrize("number", ["114 14", "+46 8 465 004 40"])
def test_a_telephone_number_stays_on_one_line(number):
    text = BeautifulSoup(render(f"Call {number} or write."), "html.parser").get_text()
    assert text.strip() == f"Call {number.replace(' ', chr(0xA0))} or write."
