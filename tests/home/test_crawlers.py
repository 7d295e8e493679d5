"""robots.txt, sitemap.xml and security.txt."""

from datetime import UTC, datetime
from xml.etree import ElementTree

import pytest

from tests.factories.events import make_archive, make_event, make_page
from tests.factories.news import make_post

pytestmark = pytest.mark.usefixtures("frozen", "database")

SITEMAP = "{http://www.sitemaps.org/schemas/sitemap/0.9}"
XHTML = "{http://www.w3.org/1999/xhtml}"
BASE = "http://127.0.0.1:8000"


def test_sitemap_lists_every_public_page_in_its_languages(pages):
    make_page(make_event()), make_page(make_archive(), "about")
    make_archive(slug="draft", is_published=False)
    make_post(slug="both", updated_at=datetime(2017, 5, 30, tzinfo=UTC))
    make_post(slug="one", languages=("sv",))
    root = ElementTree.fromstring(pages.get("crawlers.sitemap").data)  # noqa: S314 - the forum's own sitemap
    found = {url.find(f"{SITEMAP}loc").text.removeprefix(BASE): url for url in root}
    both = [
        f"/{language}{path}"
        for path in (
            "/news/",
            "/register",
            "/",
            "/pages/practical",
            "/events/nf16/",
            "/events/nf16/pages/about",
        )
        for language in ("sv", "en")
    ]
    posts = ["/sv/news/2016/11/25/one-sv", "/sv/news/2016/11/25/both-sv", "/en/news/2016/11/25/both-en"]
    assert sorted(found) == sorted([*both, *posts])
    assert found["/en/news/2016/11/25/both-en"].find(f"{SITEMAP}lastmod").text == "2017-05-30"
    links = found["/en/news/2016/11/25/both-en"].findall(f"{XHTML}link")
    assert {link.get("hreflang"): link.get("href").removeprefix(BASE) for link in links} == {
        "sv": "/sv/news/2016/11/25/both-sv",
        "en": "/en/news/2016/11/25/both-en",
    }
    assert found["/sv/news/2016/11/25/one-sv"].findall(f"{XHTML}link") == []


def test_every_page_of_the_sitemap_is_there(pages):
    make_page(make_event()), make_page(make_archive())
    make_post()
    root = ElementTree.fromstring(pages.get("crawlers.sitemap").data)  # noqa: S314 - the forum's own sitemap
    for url in root:
        pages.get(url.find(f"{SITEMAP}loc").text.removeprefix(BASE))


def test_robots_keeps_crawlers_out_of_what_is_nobodys_to_find(pages):
    """robots.txt tells crawlers to open no page behind a personal link (S22)."""
    page = pages.get("/robots.txt")
    assert page.text.splitlines() == [
        "User-agent: *",
        "Disallow: /console/",
        "Disallow: /account/",
        "Disallow: /sv/r/",
        "Disallow: /en/r/",
        "Disallow: /sv/events/*/r/",
        "Disallow: /en/events/*/r/",
        "",
        f"Sitemap: {BASE}/sitemap.xml",
    ]


def test_security_txt_has_what_rfc_9116_asks_for(pages):
    make_event()
    page = pages.get("/.well-known/security.txt")
    fields = dict(line.split(": ", 1) for line in page.text.splitlines())
    assert fields == {
        "Contact": "mailto:forum@example.org",
        "Expires": "2027-10-30T12:00:00+00:00",
        "Preferred-Languages": "sv, en",
        "Canonical": f"{BASE}/.well-known/security.txt",
    }
    assert page.headers["Content-Type"] == "text/plain; charset=utf-8"


def test_search_engines_may_list_the_empty_details_form_and_no_other_form(pages):
    make_event()
    details = pages.get("registration.details", sector="justice")
    description = details.soup.select_one("meta[name=description]")["content"]
    assert (details.headers.get("X-Robots-Tag"), description) == (None, "You who work with Justice.")
    refused = pages.post("registration.details", {}, sector="justice", expect=422)
    for page in (refused, pages.get("registration.resend")):
        assert page.headers["X-Robots-Tag"] == "noindex"
