"""Footers are cached, and yet show each change at once, for each event, language and moment."""

from datetime import timedelta

import pytest
from flask import url_for

from forum.columns import Text
from forum.events.models import Page
from forum.home import footers
from forum.web import kept_page
from tests.factories.events import NOW, make_archive, make_event, make_page
from tests.factories.registrations import write
from tests.factories.two_events import make_beside, make_front

LINK = "/en/register/link"
FORMS = ("register/justice", "register/link", "register/justice/delegation")
HOUR = timedelta(hours=1)


@pytest.fixture
def made(monkeypatch) -> list[str]:
    """Collect, for each footer that is rendered, the front page to which it belongs."""
    found: list[str] = []
    make = footers._made

    def note(*given):
        found.append(url_for("home.front"))
        return make(*given)

    monkeypatch.setattr(footers, "_made", note)
    return found


def footer(page) -> str:
    return str(page.soup.select_one(".site-footer"))


@pytest.mark.usefixtures("frozen")
def test_forms_of_an_event_share_one_footer_in_each_language(pages, database, made):
    make_front()
    make_beside()
    for _again in range(2):
        for path in FORMS:
            for front in ("/en/", "/sv/", "/en/events/osl28/"):
                assert f'href="{front}news/' in footer(pages.get(front + path)), path
    assert sorted(made) == ["/en/", "/en/events/osl28/", "/sv/"]


@pytest.mark.usefixtures("frozen")
def test_pages_that_are_kept_share_the_footer_of_the_forms(app, pages, database, made):
    make_front()
    shown = {
        footer(pages.get(path)) for path in ("/en/register/justice", "/en/", "/en/register", "/en/news/")
    }
    assert (len(shown), len(made)) == (1, 1)


def test_a_page_with_a_kept_footer_is_kept_no_longer_than_the_footer(pages, database, time, monkeypatch):
    """A cached page is rendered anew when the cached footer in it has to change, here as an earlier forum ends."""
    seconds = [0.0]
    monkeypatch.setattr(kept_page.time, "monotonic", lambda: seconds[0])
    make_archive(starts_at=NOW - HOUR, ends_at=NOW + HOUR)
    make_event()
    pages.get(LINK)
    assert "Earlier forums" not in footer(pages.get("/en/news/"))
    time.forward(hours=1)
    seconds[0] = 3601.0
    assert "Earlier forums" in footer(pages.get("/en/news/"))


@pytest.mark.usefixtures("frozen")
def test_a_change_is_in_the_next_footer(pages, database):
    page = make_page(make_event(), slug="privacy")
    assert "Page privacy" in footer(pages.get("/en/register/justice"))
    write(lambda: setattr(database.get(Page, page.id), "title", Text(sv="Om dina uppgifter", en="Your data")))
    assert "Your data" in footer(pages.get("/en/register/justice"))
    assert "Om dina uppgifter" in footer(pages.get("/sv/register/justice"))


def test_a_footer_goes_with_the_clock(pages, database, time):
    """The footer changes as time passes, without any other change: an earlier forum ends, then registration closes."""
    make_archive(starts_at=NOW - HOUR, ends_at=NOW + HOUR)
    make_event(closes_at=NOW + 2 * HOUR)
    for _again in range(2):
        assert "Earlier forums" not in footer(pages.get(LINK))
    time.forward(hours=1)
    for _again in range(2):
        assert "Earlier forums" in footer(pages.get(LINK))
        assert ">Register</a>" in footer(pages.get(LINK))
    time.forward(hours=1)
    assert ">Register</a>" not in footer(pages.get(LINK))


@pytest.mark.usefixtures("frozen")
def test_the_footer_of_a_forum_that_is_over_is_kept_for_good(pages, database, made):
    make_archive(is_current=True)
    for _again in range(2):
        assert "Nordic Forum 2016" in footer(pages.get(LINK))
    assert len(made) == 1


@pytest.mark.usefixtures("frozen")
def test_a_footer_that_may_change_at_any_moment_is_not_kept(pages, database):
    """Without a waiting list registration ends when the last place is taken, which raises no content version."""
    event = make_event(has_waiting_list=False)
    assert ">Register</a>" in footer(pages.get(LINK))
    write(setattr, event, "taken", event.capacity)
    assert ">Register</a>" not in footer(pages.get(LINK))


@pytest.mark.usefixtures("frozen")
def test_only_so_many_footers_of_pages_that_are_read_are_kept(app, pages, database, made, monkeypatch):
    make_front()
    make_beside()
    form = pages.get("/en/register/justice")
    kept = app.extensions["kept_footers"]
    kept.clear()
    assert footer(form.submit({"email": "nobody"}, expect=422)) == footer(form)
    assert (len(made), kept) == (1, {})
    monkeypatch.setattr(footers, "KEPT_AT_MOST", 1)
    for path in ("/en/", "/en/events/osl28/", "/en/"):
        pages.get(path + "register/link")
        assert len(kept) == 1
    assert made[1:] == ["/en/", "/en/events/osl28/", "/en/"]
