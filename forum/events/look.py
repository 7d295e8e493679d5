"""The look of an event: a colour of its own for its public pages in the light theme, and one in the dark theme.

The colour stands as text on every background of the page, and under text on buttons, so its contrast with all of
these has to be enough (WCAG 2.2 AA). Related shades, such as that of the footer, are computed from its hue.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from sqlalchemy import select

from forum.events.models import Event
from forum.extensions import db
from forum.images import queries as images
from forum.images.models import Image
from forum.images.pictures import file_url, shared_image_of
from forum.web.colours import (
    AA,
    Shade,
    contrast,
    hex_of,
    is_colour,
    least_contrast,
    nearest_passing,
    shade_of,
)
from forum.web.seo import SharedImage
from forum.web.static import find_url

WHITE, NIGHT = "#ffffff", "#10171c"  # the colours that text on a button can have
MOST_DEEP = 0.05  # the highest chroma of a large dark area: a stronger colour would dominate the page


@dataclass(frozen=True)
class Theme:
    """A theme of static/css/tokens.css: the backgrounds on which a link can stand.

    `deep` has the lightness of each dark area, by the name of its token; `pressed` is the lightness that a button gains
    under the pointer.
    """

    grounds: tuple[str, ...]
    deep: Mapping[str, float]
    pressed: float


THEMES = {
    "light": Theme(
        ("#fbf9f4", "#ffffff", "#f3efe5", "#f1ead9", "#e3efe9", "#faead9", "#e8eaf5", "#f9e3a0"),
        {"foot": 0.3, "panel": 0.3, "foot-line": 0.44},
        -0.07,
    ),
    "dark": Theme(
        ("#10171c", "#182229", "#1d282f", "#2a2820", "#17302b", "#33261a", "#1f2440", "#55470f"),
        {"foot": 0.22, "panel": 0.31, "foot-line": 0.39},
        0.06,
    ),
}


@dataclass(frozen=True)
class Look:
    """The colours of an event's public pages, as "#rrggbb"."""

    light: str
    dark: str

    @property
    def name(self) -> str:
        """The name of the look's style sheet, such as "14463f-93d3c5"."""
        return f"{self.light[1:]}-{self.dark[1:]}"


@dataclass(frozen=True)
class TooFaint:
    """A colour has too little contrast in a theme: the lowest ratio, its background, and the nearest usable colour."""

    ratio: float
    ground: str
    nearest: str


def look_of(event: Event) -> Look | None:
    """Return the event's look, or None where it has no colour of its own or an unreadable one is stored."""
    light, dark = event.accent_light or "", event.accent_dark or ""
    if not is_colour(light) or find_fault(light, "light"):
        return None
    return Look(light, dark if is_colour(dark) and not find_fault(dark, "dark") else dark_for(light))


def logo_of(event: Event) -> str:
    """Return the path of the organiser's logo: an image of the library, else a static file; "" for none."""
    if image := _own_image(event, event.logo_key):
        return file_url(image, min(image.widths))
    return find_url(event.organiser_logo) if event.organiser_logo else ""


def shared_image(event: Event) -> SharedImage | None:
    """Return the image that other sites show beside links to the event, or None where none was chosen."""
    image = _own_image(event, event.share_key)
    return shared_image_of(image) if image else None


def _own_image(event: Event, key: str | None) -> Image | None:
    return images.find_own(event.id, key) if key else None


def dark_for(light: str) -> str:
    """Return the colour for the dark theme: the readable one that is nearest to this colour of the light theme."""
    return nearest_passing(light, THEMES["dark"].grounds)


def find_fault(colour: str, theme: str) -> TooFaint | None:
    """Return what is wrong with a colour in the theme "light" or "dark", or None."""
    grounds = THEMES[theme].grounds
    ratio, ground = least_contrast(colour, grounds)
    return None if ratio >= AA else TooFaint(ratio, ground, nearest_passing(colour, grounds))


def find_look(name: str) -> Look | None:
    """Return the look whose style sheet has this name, if an event has it."""
    events = db.session.scalars(select(Event).where(Event.accent_light.is_not(None)))
    return next((look for look in map(look_of, events) if look and look.name == name), None)


def style_sheet(look: Look) -> str:
    """Return the style sheet of a look: the tokens of both themes that depend on its colours."""
    light, dark = (_rule(tokens_of(colour, theme)) for theme, colour in vars(look).items())
    return f"@layer tokens {{ {light} @media (prefers-color-scheme: dark) {{ {dark} }} }}\n"


def tokens_of(colour: str, theme: str) -> dict[str, str]:
    """Return the values of those tokens of static/css/tokens.css that a look's colour changes in a theme, by name."""
    shade, rules = shade_of(colour), THEMES[theme]
    pressed = replace(shade, lightness=min(1, max(0, shade.lightness + rules.pressed)))
    dull = Shade(0, min(shade.chroma, MOST_DEEP), shade.hue)
    return {
        "accent": colour,
        "accent-deep": hex_of(pressed),
        "on-accent": on_colour(colour),
        "link": colour,
        **{name: hex_of(replace(dull, lightness=lightness)) for name, lightness in rules.deep.items()},
    }


def on_colour(colour: str) -> str:
    """Return the colour of text on a button of this colour: white or nearly black, whichever has more contrast."""
    return max((WHITE, NIGHT), key=lambda text: contrast(text, colour))


def _rule(tokens: Mapping[str, str]) -> str:
    return ":root { " + " ".join(f"--{name}: {value};" for name, value in tokens.items()) + " }"
