"""Colours as "#rrggbb": their contrast (WCAG 2.2, 1.4.3), and the nearest colour with enough contrast.

A colour is made lighter or darker in OKLab, where equal steps look equal and the hue stays (Björn Ottosson, 2020).
"""

import math
import re
from collections.abc import Iterable
from dataclasses import dataclass

HEX = re.compile(r"#[0-9a-f]{6}")
AA = 4.5  # the least contrast of text with its background that WCAG's level AA asks for
# How many steps of lightness, from black to white, are tried to find a colour with enough contrast.
STEPS = 500


@dataclass(frozen=True)
class Shade:
    """A colour in OKLab's polar form: lightness from 0 to 1, chroma, and hue in radians."""

    lightness: float
    chroma: float
    hue: float


def is_colour(text: str) -> bool:
    """Return whether the text is a colour in the form "#rrggbb"."""
    return HEX.fullmatch(text) is not None


def contrast(one: str, other: str) -> float:
    """Return the contrast of two colours, from 1 to 21."""
    darker, lighter = sorted((_luminance(one), _luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def least_contrast(colour: str, grounds: Iterable[str]) -> tuple[float, str]:
    """Return a colour's least contrast with any of these backgrounds, and the background with this contrast."""
    return min((contrast(colour, ground), ground) for ground in grounds)


def nearest_passing(colour: str, grounds: Iterable[str], least: float = AA) -> str:
    """Return the colour, of the same hue and nearest in lightness, that has enough contrast with each background."""
    grounds = tuple(grounds)
    if least_contrast(colour, grounds)[0] >= least:
        return colour
    shade = shade_of(colour)
    steps = sorted((step / STEPS for step in range(STEPS + 1)), key=lambda step: abs(step - shade.lightness))
    tried = (hex_of(Shade(step, shade.chroma, shade.hue)) for step in steps)
    return next(near for near in tried if least_contrast(near, grounds)[0] >= least)


def shade_of(colour: str) -> Shade:
    """Return a colour's lightness, chroma and hue."""
    red, green, blue = map(_linear, _channels(colour))
    long = math.cbrt(0.4122214708 * red + 0.5363325363 * green + 0.0514459929 * blue)
    medium = math.cbrt(0.2119034982 * red + 0.6806995451 * green + 0.1073969566 * blue)
    short = math.cbrt(0.0883024619 * red + 0.2817188376 * green + 0.6299787005 * blue)
    a = 1.9779984951 * long - 2.4285922050 * medium + 0.4505937099 * short
    b = 0.0259040371 * long + 0.7827717662 * medium - 0.8086757660 * short
    lightness = 0.2104542553 * long + 0.7936177850 * medium - 0.0040720468 * short
    return Shade(lightness, math.hypot(a, b), math.atan2(b, a))


def hex_of(shade: Shade) -> str:
    """Return a shade as "#rrggbb", with less chroma where screens cannot show as much at this lightness."""
    chroma = shade.chroma
    while chroma > 0.001 and not all(-0.0005 <= channel <= 1.0005 for channel in _screen(shade, chroma)):
        chroma *= 0.96
    shown = (min(1, max(0, channel)) for channel in _screen(shade, chroma))
    return "#" + "".join(f"{round(_curved(channel) * 255):02x}" for channel in shown)


def _screen(shade: Shade, chroma: float) -> tuple[float, float, float]:
    """Return the linear light of red, green and blue for a shade with this chroma, perhaps outside 0 to 1."""
    a, b = chroma * math.cos(shade.hue), chroma * math.sin(shade.hue)
    long = (shade.lightness + 0.3963377774 * a + 0.2158037573 * b) ** 3
    medium = (shade.lightness - 0.1055613458 * a - 0.0638541728 * b) ** 3
    short = (shade.lightness - 0.0894841775 * a - 1.2914855480 * b) ** 3
    return (
        4.0767416621 * long - 3.3077115913 * medium + 0.2309699292 * short,
        -1.2684380046 * long + 2.6097574011 * medium - 0.3413193965 * short,
        -0.0041960863 * long - 0.7034186147 * medium + 1.7076147010 * short,
    )


def _channels(colour: str) -> list[float]:
    return [int(colour[start : start + 2], 16) / 255 for start in (1, 3, 5)]


def _luminance(colour: str) -> float:
    red, green, blue = map(_linear, _channels(colour))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _linear(channel: float) -> float:
    return channel / 12.92 if channel <= 0.04045 else ((channel + 0.055) / 1.055) ** 2.4


def _curved(light: float) -> float:
    return light * 12.92 if light <= 0.0031308 else 1.055 * light ** (1 / 2.4) - 0.055
