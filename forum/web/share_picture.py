"""Draws the picture that other sites show beside a shared link, and the forum's ring as an icon.

Picture and icon are made of texts and of files in static/ alone: nothing of a request or a person gets into them. A
picture is drawn once per text and process and then kept (`cache.page` keeps it per content version, `draw` for longer).
"""

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from io import BytesIO
from itertools import groupby

from flask import Response
from PIL import Image, ImageDraw, ImageFont

from forum.settings.project import PROJECT

WIDTH, HEIGHT = 1200, 630
PAPER, INK, MUTED, FOOT, ON_FOOT = "#fbf9f4", "#16202a", "#525d68", "#12352f", "#f4f1e8"
MARGIN, FOOT_HEIGHT = 72, 128
TITLE_WIDTH, TITLE_TOP, TITLE_ROOM = 690, 142, 330
TITLE_SIZES = (76, 68, 60, 53, 47)
LINE_HEIGHT = 1.12
RING_BOX = (792, 86, 1128, 422)
# The ring is drawn this many times larger and then scaled down, because Pillow draws arcs with jagged edges.
FINER = 4
FONTS = ("fonts/newsreader-latin.woff2", "fonts/newsreader-latin-ext.woff2")
ARC = re.compile(r'class="(\w{1,20})" d="([MA\d. ]+)"')
COLOUR = re.compile(r"\.(\w+)\{stroke:(#[0-9a-f]{6})\}")
NO_LETTER = "\ue000"  # a code point of private use, for which no font in FONTS has a sign
STROKE = re.compile(r"stroke-width:(\d+)")

# The most letters of a text that are read; a picture has room for fewer. Texts are cut because the time for measuring
# their lines grows with the square of the length.
LONGEST = 500


@dataclass(frozen=True)
class Card:
    """The texts of a picture: a line above, the title, and a line below with date and town."""

    above: str
    title: str
    below: str


def answer(card: Card) -> Response:
    """Return the picture with these texts as an HTTP response; texts longer than LONGEST are cut."""
    short = Card(card.above[:LONGEST], card.title[:LONGEST], card.below[:LONGEST])
    return Response(draw(short), mimetype="image/png")


@lru_cache(maxsize=128)
def draw(card: Card) -> bytes:
    """Return the picture with these texts as PNG."""
    image = Image.new("RGB", (WIDTH, HEIGHT), PAPER)
    pen = ImageDraw.Draw(image)
    ring = _ring(RING_BOX[2] - RING_BOX[0])
    image.paste(ring, RING_BOX[:2], ring)
    above = _fit(card.above, 30, TITLE_WIDTH)
    _write(pen, (MARGIN, MARGIN), above, 30, 500, MUTED)
    size, lines = _fitting(card.title)
    for number, line in enumerate(lines):
        _write(pen, (MARGIN, TITLE_TOP + round(number * size * LINE_HEIGHT)), line, size, 500, INK)
    pen.rectangle((0, HEIGHT - FOOT_HEIGHT, WIDTH, HEIGHT), fill=FOOT)
    below = _fit(card.below, 36, WIDTH - 2 * MARGIN)
    _write(pen, (MARGIN, HEIGHT - FOOT_HEIGHT + 40), below, 36, 500, ON_FOOT)
    return _encoded(image)


@lru_cache(maxsize=16)
def icon(size: int, *, margin: float = 0.0, ground: str | None = None) -> bytes:
    """Return the ring as a square PNG; `margin` is a share of the side, `ground` the background colour or None."""
    return _encoded(_icon(size, margin, ground))


@lru_cache(maxsize=1)
def favicon() -> bytes:
    """Return the ring as an ICO file, for programs that ask for no other kind of icon."""
    sizes = [_icon(size, 0.0, None) for size in (48, 32, 16)]
    out = BytesIO()
    sizes[0].save(out, "ICO", sizes=[image.size for image in sizes], append_images=sizes[1:])
    return out.getvalue()


def _icon(size: int, margin: float, ground: str | None) -> Image.Image:
    image = Image.new("RGBA", (size, size), ground or (0, 0, 0, 0))
    edge = round(size * margin)
    ring = _ring(size - 2 * edge)
    image.paste(ring, (edge, edge), ring)
    return image if ground is None else image.convert("RGB")


@lru_cache(maxsize=8)
def _ring(size: int) -> Image.Image:
    """Draw the ring of static/img/ring.svg, `size` pixels wide, in its colours for a light background."""
    source = (PROJECT / "static/img/ring.svg").read_text()
    # ring.svg names two colours for each arc; the second is for a dark background, so keep the first.
    colours = dict(reversed(COLOUR.findall(source)))
    scale = size * FINER / 64
    image = Image.new("RGBA", (size * FINER, size * FINER), (0, 0, 0, 0))
    pen = ImageDraw.Draw(image)
    width = float(STROKE.findall(source)[0])
    for name, path in ARC.findall(source):
        numbers = [float(number) for number in re.split("[MA ]", path) if number]
        start, stop = _angles(*numbers[:2], *numbers[-2:])  # x and y of the arc's first and last point
        outer = (25 + width / 2) * scale
        centre = 32 * scale
        box = (centre - outer, centre - outer, centre + outer, centre + outer)
        pen.arc(box, start, stop, colours[name], round(width * scale))
    return image.resize((size, size), Image.Resampling.LANCZOS)


def _angles(*ends: float) -> tuple[float, float]:
    """Return the angles at which an arc begins and ends, in degrees clockwise from three o'clock, as Pillow counts."""
    first, last = (
        math.degrees(math.atan2(y - 32, x - 32)) for x, y in zip(ends[::2], ends[1::2], strict=True)
    )
    return first, last if last > first else last + 360


def _fitting(title: str) -> tuple[int, list[str]]:
    """Return the largest font size at which the title fits, and its lines; a title that fits at no size is cut."""
    for size in TITLE_SIZES:
        lines = _lines(title, size)
        if len(lines) * size * LINE_HEIGHT <= TITLE_ROOM:
            return size, lines
    most = int(TITLE_ROOM / size / LINE_HEIGHT)
    return size, [*lines[: most - 1], _fit(" ".join(lines[most - 1 :]), size, TITLE_WIDTH)]


def _lines(text: str, size: int) -> list[str]:
    """Break the text into lines of at most TITLE_WIDTH; a word that is longer than a line is broken, too."""
    lines = [""]
    for word in text.split():
        longer = f"{lines[-1]} {word}".strip()
        if _width(longer, size, 500) <= TITLE_WIDTH:
            lines[-1] = longer
            continue
        if lines[-1]:
            lines.append("")
        for letter in word:
            if lines[-1] and _width(lines[-1] + letter, size, 500) > TITLE_WIDTH:
                lines.append("")
            lines[-1] += letter
    return lines


def _fit(text: str, size: int, width: int) -> str:
    """Return the text; if it is wider than `width` pixels, cut it and end it with "…"."""
    if _width(text, size, 500) <= width:
        return text
    while text and _width(f"{text.rstrip()}…", size, 500) > width:
        text = text[:-1]
    return f"{text.rstrip()}…"


def _write(
    pen: ImageDraw.ImageDraw, corner: tuple[int, int], text: str, size: int, weight: int, colour: str
) -> None:
    """Write a line of text; `corner` is the position of its upper left corner."""
    x, y = corner
    for font, letters in _runs(text, size, weight):
        pen.text((x, y + size), letters, colour, font, anchor="ls")
        x += round(font.getlength(letters))


def _width(text: str, size: int, weight: int) -> float:
    return sum(font.getlength(letters) for font, letters in _runs(text, size, weight))


def _runs(text: str, size: int, weight: int) -> Iterator[tuple[ImageFont.FreeTypeFont, str]]:
    """Yield the text in pieces, each with the font that has its letters; a letter that no font has is left out."""
    for name, letters in groupby(text, key=_font_with):
        if name:
            yield _font(name, size, weight), "".join(letters)


@lru_cache(maxsize=2048)
def _font_with(letter: str) -> str:
    """Return the file name of the first font that has the letter; "" if no font has it."""
    # No font has a line break or another control character: Pillow cannot lay these out.
    if not letter.isprintable():
        return ""
    return next((name for name in FONTS if _mask(name, letter) != _mask(name, NO_LETTER)), "")


def _mask(name: str, letter: str) -> bytes:
    mask = _font(name, 30, 500).getmask(letter)
    return bytes(mask) if letter != " " else b" "


@lru_cache(maxsize=32)
def _font(name: str, size: int, weight: int) -> ImageFont.FreeTypeFont:
    font = ImageFont.truetype(PROJECT / "static" / name, size)
    font.set_variation_by_axes([weight])
    return font


def _encoded(image: Image.Image) -> bytes:
    out = BytesIO()
    image.save(out, "PNG")
    return out.getvalue()
