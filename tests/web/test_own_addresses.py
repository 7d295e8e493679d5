"""Each page has one URL; other spellings of the URL redirect to it."""

import pytest

from tests.factories.events import make_event

pytestmark = pytest.mark.usefixtures("database")


@pytest.mark.parametrize(
    ("asked", "own"),
    [
        ("/en/register/", "/en/register"),
        ("/en/register//", "/en/register"),
        ("/en/register/justice/", "/en/register/justice"),
        ("/en/pages/practical/", "/en/pages/practical"),
        ("/en/news/search/?q=a", "/en/news/search?q=a"),
        ("/account/sign-in/", "/account/sign-in"),
    ],
)
def test_a_slash_too_many_leads_to_the_page(pages, asked, own):
    make_event()
    assert pages.get(asked, expect=308).location == own


@pytest.mark.parametrize(
    "path",
    [
        "/en/nowhere/",
        "//example.org/",
        "/\\example.org/",
        "//en/x/",
        "/x//",
        "/en/register/../",
        "/en/news/2016/11/25/.//",
    ],
)
def test_a_slash_behind_what_is_no_page_leads_nowhere(pages, path):
    """A slash at the end of an address without a page gives 404, not a redirect to another site."""
    answer = pages.client.get("/", environ_overrides={"PATH_INFO": path})
    assert answer.status_code == 404


def test_a_form_is_not_led_away(pages):
    make_event()
    assert pages.client.post("/en/register/justice/").status_code in {400, 404}


@pytest.mark.parametrize(
    ("asked", "own"),
    [
        ("/en/news/search?q=", "/en/news/search"),
        ("/en/news/search?q", "/en/news/search"),
        ("/en/news/search?a=&q=n%C3%A4t+b&b=", "/en/news/search?q=n%C3%A4t+b"),
        ("/en/register/justice?change=&x=", "/en/register/justice"),
        ("/account/sign-in?next=", "/account/sign-in"),
    ],
)
def test_parameters_that_say_nothing_leave_the_address(pages, asked, own):
    make_event()
    assert pages.get(asked, expect=302).location == own
    assert pages.get(own).status == 200
