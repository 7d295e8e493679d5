"""The colours of an event are used on the backgrounds of the style sheet, and text can be read on all their shades."""

import colorsys
import re

import pytest

from forum.events.look import NIGHT, THEMES, Look, dark_for, find_fault, look_of, style_sheet, tokens_of
from forum.settings.project import PROJECT
from forum.web.colours import AA, contrast, nearest_passing
from tests.factories.events import new_event

TOKEN = re.compile(r"--([\w-]+): (#[0-9a-f]{6});")
# Twelve strong colours around the colour wheel, and black, grey and white.
COLOURS = [
    *(
        "#" + "".join(f"{round(part * 255):02x}" for part in colorsys.hsv_to_rgb(hue / 12, 1, 1))
        for hue in range(12)
    ),
    *("#000000", "#808080", "#ffffff"),
]
# Names of the background colours in tokens.css on which a link can stand.
GROUNDS = {
    *("paper", "surface", "raised", "mark"),
    *("note-content", "note-help", "note-info", "note-warning", "note-protected"),
}


def tokens() -> dict[str, dict[str, str]]:
    """Return the colours of tokens.css by theme."""
    light, dark = (PROJECT / "static/css/tokens.css").read_text().split("prefers-color-scheme: dark", 1)
    return {
        "light": dict(TOKEN.findall(light)),
        "dark": dict(TOKEN.findall(light)) | dict(TOKEN.findall(dark)),
    }


@pytest.mark.parametrize("theme", THEMES)
def test_every_background_of_the_style_sheet_is_looked_at(theme):
    assert {tokens()[theme][name] for name in GROUNDS} == {*THEMES[theme].grounds}


@pytest.mark.parametrize("theme", THEMES)
def test_the_sites_own_colours_pass_themselves(theme):
    """Control: the site's own colours pass the check that an event's colours must pass."""
    assert find_fault(tokens()[theme]["accent"], theme) is None
    assert find_fault(tokens()[theme]["link"], theme) is None


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("colour", COLOURS)
def test_text_can_be_read_on_every_shade_of_a_colour_that_passes(colour, theme):
    own, site = tokens_of(nearest_passing(colour, THEMES[theme].grounds), theme), tokens()[theme]
    pairs = [
        *((own["on-accent"], own[name]) for name in ("accent", "accent-deep")),
        *((site[text], own[name]) for text in ("on-foot", "on-foot-muted") for name in ("foot", "panel")),
        *((own["link"], site[name]) for name in GROUNDS),
    ]
    assert [pair for pair in pairs if contrast(*pair) < AA] == []
    assert own["on-accent"] == (NIGHT if theme == "dark" else "#ffffff")


def test_a_faint_colour_is_told_with_its_ratio_and_the_nearest_that_passes():
    fault = find_fault("#e2001a", "light")
    assert (fault.ground, fault.nearest) == ("#f9e3a0", "#cd0819")
    assert fault.ratio == pytest.approx(3.889, abs=0.001)


@pytest.mark.parametrize(
    ("light", "dark", "look"),
    [
        (None, None, None),
        ("#2050c0", None, Look("#2050c0", dark_for("#2050c0"))),
        ("#2050c0", "#ffdd00", Look("#2050c0", "#ffdd00")),
        # Values stored by another program: a text that is no colour, or colours with too little contrast.
        ("red;}", "#ffdd00", None),
        ("#ffdd00", None, None),
        ("#2050c0", "#2050c0", Look("#2050c0", dark_for("#2050c0"))),
    ],
)
def test_an_unreadable_stored_colour_is_left_out(light, dark, look):
    assert look_of(new_event(accent_light=light, accent_dark=dark)) == look


def test_style_sheet_sets_tokens_of_the_site_and_nothing_else():
    sheet = style_sheet(Look("#2050c0", "#ffdd00"))
    assert sheet.startswith("@layer tokens { :root { --accent: #2050c0;")
    assert "@media (prefers-color-scheme: dark) { :root { --accent: #ffdd00;" in sheet
    assert {name for name, _value in TOKEN.findall(sheet)} <= tokens()["light"].keys()
