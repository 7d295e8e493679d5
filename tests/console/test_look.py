"""The colours of an event's public pages: chosen in the console, shown to visitors alone."""

import json
import re

import pytest

from forum.accounts.enums import Role
from forum.events.models import Event
from forum.extensions import db
from tests.factories.events import ORGANISER, make_archive, make_event, make_page
from tests.factories.images import make_image
from tools.pages import Page, Pages

SHEET = 'link[rel="stylesheet"][href^="/look/"]'


@pytest.fixture
def app(make_app, database_url):
    """Give an app on each kind of database."""
    return make_app(database_url)


def colours(event: Event) -> tuple[str | None, str | None]:
    """Return the stored colours."""
    db.session.rollback()
    db.session.expire_all()
    return event.accent_light, event.accent_dark


def sheets(page: Page) -> list[str]:
    """Return the addresses of the style sheets on the page that set the colours of an event."""
    return [link["href"] for link in page.soup.select(SHEET)]


def test_numbers_of_a_refusal_are_written_as_the_language_writes_them(sign_in_as, event):
    organiser = sign_in_as(Role.ORGANISER, event, language="sv")
    page = organiser.post(
        "settings.look", {"accent_light": "#e2001a"}, event="nf27", button="Spara", expect=422
    )
    assert "är 3,88 till 1, och text behöver 4,5 till 1" in page.errors["accent_light"]


def test_colours_are_refused_with_numbers_previewed_saved_and_given_up(organiser, event, archive):
    visitor = Pages(organiser.app)
    assert sheets(visitor.get("home.front")) == []

    faint = {"accent_light": "#E2001A", "accent_dark": "14463f"}
    page = organiser.post("settings.look", faint, event="nf27", button="Save", expect=422)
    assert page.errors == {
        "accent_light": "The contrast of #e2001a with the background #f9e3a0 is 3.88 to 1, and text needs 4.5 to 1."
        " The nearest colour that passes is #cd0819.",
        "accent_dark": "The contrast of #14463f with the background #55470f is 1.16 to 1, and text needs 4.5 to 1."
        " The nearest colour that passes is #8ec0b7.",
    }
    assert colours(event) == (None, None)

    page = page.submit({}, button="Use #cd0819, #8ec0b7 instead", expect=200)
    assert "Nothing has been saved yet." in page.text
    assert page.all(".look-sample figcaption") == ["Light #cd0819", "Dark #8ec0b7"]
    assert colours(event) == (None, None)

    page = page.submit({"accent_dark": ""}, button="Save", follow=True, expect=200)
    assert page.flashes == ["Saved."]
    assert colours(event) == ("#cd0819", None)
    assert sheets(page) == []  # pages of the console do not use the event's colours

    [address] = sheets(visitor.get("home.front"))
    assert sheets(visitor.get("news.index")) == [address]
    assert sheets(visitor.get("home.front", event=archive.slug)) == []
    sheet = visitor.get(address)
    assert sheet.headers["Content-Type"] == "text/css; charset=utf-8"
    assert sheet.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert re.findall(r"--accent: (#\w+);", sheet.text) == ["#cd0819", f"#{address[-10:-4]}"]

    organiser.post("settings.look", {"accent_light": ""}, event="nf27", button="Save")
    assert sheets(visitor.get("home.front")) == []
    visitor.get(address, expect=404)


@pytest.mark.parametrize(
    ("typed", "field", "said"),
    [
        ({"accent_light": "red"}, "accent_light", "Enter a colour such as #14463f"),
        ({"accent_dark": "#93d3c5"}, "accent_light", "Enter the colour on light pages too, or empty both"),
    ],
)
def test_what_is_no_look_is_refused(organiser, event, typed, field, said):
    page = organiser.post("settings.look", typed, event="nf27", button="Save", expect=422)
    assert page.errors == {field: said}


def test_another_organisers_colours_are_compared_and_not_overwritten(organiser, event):
    page = organiser.get("settings.look", event="nf27")
    organiser.post("settings.look", {"accent_light": "#2050c0"}, event="nf27", button="Save")
    page = page.submit({"accent_light": "#14463f"}, button="Save", expect=409)
    assert page.all(".compared tbody tr") == ["Colour on light pages #2050c0 #14463f"]
    assert colours(event) == ("#2050c0", None)


def test_a_logo_and_a_share_picture_are_chosen_from_the_library(app, sign_in_as, database):
    event, other = make_event(**ORGANISER), make_archive()
    logo, picture, theirs = make_image(event), make_image(event), make_image(other)
    pages, visitor = sign_in_as(Role.ORGANISER, event), Pages(app)
    make_page(event, "practical")
    drawn = shared(visitor.get("home.front"))
    chosen = {"logo_key": logo.key, "share_key": picture.key}
    page = pages.post("settings.look", chosen, event="nf27", button="Save", follow=True, expect=200)
    assert page.flashes == ["Saved."]

    front = visitor.get("home.front")
    assert front.soup.select_one(".organiser-logo")["src"].startswith(f"/images/{logo.key}/")
    assert drawn.endswith("/en/share.png")
    assert f"/images/{picture.key}/" in shared(front)
    assert shared(visitor.get("events.page", slug="practical")) == shared(front)
    [data] = [json.loads(script.text) for script in front.soup.select('script[type="application/ld+json"]')]
    assert data["image"] == [shared(front)]
    assert f"/images/{logo.key}/" in data["organizer"]["logo"]["url"]

    # An image that is the logo cannot be removed from the library.
    page = pages.get("library.remove", event="nf27", key=logo.key)
    assert page.links["Look"] == "/console/nf27/settings/look"
    pages.get("settings.look", event="nf27").submit(
        {}, button="Save", forged={"logo_key": theirs.key}, expect=422
    )
    pages.post("settings.look", {"logo_key": "", "share_key": ""}, event="nf27", button="Save")
    front = visitor.get("home.front")
    assert (front.soup.select(".organiser-logo"), shared(front)) == ([], drawn)


def shared(page: Page) -> str:
    """Return the address of the picture that other sites show beside a link to the page."""
    return page.soup.select_one('meta[property="og:image"]')["content"]


def test_nobody_gets_a_style_sheet_that_no_event_has(pages, event):
    pages.get("/look/14463f-93d3c5.css", expect=404)
    pages.get("/look/x.css", expect=404)
