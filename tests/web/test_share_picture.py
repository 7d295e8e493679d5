"""Pictures that services show beside shared links, and icons: their size and letters; each is drawn once."""

from io import BytesIO

import pytest
from PIL import Image, ImageChops

from forum.web import share_picture
from forum.web.share_picture import FOOT_HEIGHT, HEIGHT, RING_BOX, WIDTH, Card, draw, favicon, icon

TITLE = (72, 142, RING_BOX[0], HEIGHT - FOOT_HEIGHT)
PLAIN = Card("Nordic Forum 2027", "A title", "16–17 November 2027 · Stockholm")


def picture(title: str = "A title", **differing: str) -> Image.Image:
    """Return the drawn picture; fails when it is not a picture of the size that services ask for."""
    data = draw(Card(**{"above": PLAIN.above, "title": title, "below": PLAIN.below, **differing}))
    image = Image.open(BytesIO(data))
    assert (image.format, image.size, (WIDTH, HEIGHT)) == ("PNG", (1200, 630), (1200, 630))
    assert len(data) < 100_000
    return image.convert("RGB")


def inked(image: Image.Image, box: tuple[int, int, int, int]) -> tuple[int, int, int, int] | None:
    """Return the part of this area of the picture that has another colour than the area's upper left point."""
    part = image.crop(box)
    return ImageChops.difference(part, Image.new("RGB", part.size, part.getpixel((0, 0)))).getbbox()


@pytest.mark.parametrize(
    "title",
    [
        "A title",
        "Operation Dark Room shows that the dark web can be reached",
        "Nordiskt forum mot sexuell exploatering av barn på nätet",
        "Lentokonesuihkuturbiinimoottoriapumekaanikkoaliupseerioppilas " * 2,
        "W" * 200,
        "word " * 200,
    ],
)
def test_a_title_of_any_length_stays_within_its_column(title):
    image = picture(title)
    left, top, right, bottom = inked(image, TITLE)
    assert (left, top) >= (0, 0)
    assert (right, bottom) < (TITLE[2] - TITLE[0], TITLE[3] - TITLE[1])
    gap = (TITLE[0] + share_picture.TITLE_WIDTH + 8, RING_BOX[1], RING_BOX[0], HEIGHT - FOOT_HEIGHT)
    assert inked(image, gap) is None


@pytest.mark.parametrize("part", ["above", "title", "below"])
def test_each_of_its_texts_is_seen(part):
    other = picture(**{part: "Something else"})
    assert ImageChops.difference(picture(), other).getbbox() is not None


@pytest.mark.parametrize("letter", ["Å", "ø", "þ", "Ł", "ŧ", "č", "ŋ", "–", "’", "“", "·"])
def test_nordic_and_sami_letters_are_drawn(letter):
    assert share_picture._font_with(letter)
    assert inked(picture(letter * 3), TITLE)


@pytest.mark.parametrize("title", ["", " ", "\x00\x07", "日本", "🙂", "\u202e", "</script>{{7*7}}"])
def test_odd_titles_do_no_harm(title):
    picture(title)


def test_control_characters_above_the_title_are_left_out():
    """Control characters in the line above the title are not drawn: Pillow would refuse to lay out a line break."""
    odd = picture(above="Nordic\r\n\x1c\x85Forum")
    assert ImageChops.difference(odd, picture(above="")).getbbox() is not None


def test_a_picture_is_drawn_once_per_text(monkeypatch):
    draw.cache_clear()
    first = draw(PLAIN)
    monkeypatch.setattr(share_picture, "_ring", None)
    assert draw(PLAIN) is first


def test_kept_pictures_are_bounded():
    assert draw.cache_info().maxsize == 128


@pytest.mark.parametrize(("size", "ground"), [(180, "#fbf9f4"), (192, "#fbf9f4"), (512, None)])
def test_icon_shows_the_ring(size, ground):
    image = Image.open(BytesIO(icon(size, margin=0.12, ground=ground)))
    assert (image.size, image.mode) == ((size, size), "RGB" if ground else "RGBA")
    colours = {colour for _count, colour in image.convert("RGB").getcolors(maxcolors=100_000)}
    assert {(0x2A, 0x2F, 0x80), (0x74, 0x14, 0x33), (0x3F, 0x91, 0x8C)} <= colours


def test_favicon_has_the_three_usual_sizes():
    assert Image.open(BytesIO(favicon())).info["sizes"] == {(16, 16), (32, 32), (48, 48)}
