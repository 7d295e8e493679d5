"""The program that makes an image's files, called as a function: what it writes, and what it refuses (S29).

tests/images/test_making.py runs the program in its own process, with its limits.
"""

from io import BytesIO

import pytest
from PIL import Image, ImageCms

from forum.images import encoding
from forum.images.encoding import Refused
from tests.factories.images import drawn, encoded, jpeg

SIDE = 320


@pytest.fixture
def make(tmp_path):
    """Return a function that makes an image's files; it returns the program's report, and the files by name."""

    def call(given: bytes, mode: str = "new"):
        (tmp_path / "given").write_bytes(given)
        made = encoding.main(tmp_path, mode)
        return made, {file.name: file.read_bytes() for file in tmp_path.iterdir() if file.name != "given"}

    return call


def opened(content: bytes) -> Image.Image:
    return Image.open(BytesIO(content))


def refusal_of(make, given: bytes, mode: str = "new") -> str:
    with pytest.raises(Refused) as refused:
        make(given, mode)
    return str(refused.value)


def test_an_image_gets_its_files_in_each_width(make):
    made, files = make(jpeg(500, SIDE))
    assert made == {"width": 500, "height": SIDE, "widths": [400, 500], "has_avif": made["has_avif"]}
    kinds = ("jpg", "webp", "avif") if made["has_avif"] else ("jpg", "webp")
    assert files.keys() == {"original.jpg", *(f"{width}.{kind}" for width in (400, 500) for kind in kinds)}
    assert [opened(files[f"{width}.jpg"]).size for width in (400, 500)] == [(400, 256), (500, SIDE)]


def test_an_image_is_wider_than_its_widest_file():
    assert encoding._widths(2000) == [400, 800, 1200, 1600]


def test_the_original_alone_is_made_and_made_again_unchanged(make):
    made, files = make(encoded(drawn(SIDE, SIDE), "PNG"), "original")
    assert (made["widths"], files.keys()) == ([], {"original.jpg"})
    assert make(files["original.jpg"], "kept")[1]["original.jpg"] == files["original.jpg"]


@pytest.mark.parametrize("kind", ["PNG", "WEBP"])
def test_transparent_parts_become_white(make, kind):
    drawing = drawn(SIDE, SIDE).convert("RGBA")
    drawing.putalpha(0)
    _made, files = make(encoded(drawing, kind), "original")
    assert opened(files["original.jpg"]).getpixel((10, 10)) == (255, 255, 255)


def test_colours_become_srgb_and_an_unreadable_profile_is_ignored(make):
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    for given in (profile, b"no profile"):
        _made, files = make(jpeg(SIDE, SIDE, icc_profile=given), "original")
        image = opened(files["original.jpg"])
        assert (image.mode, "icc_profile" in image.info) == ("RGB", False)


def test_grey_of_sixteen_bits_keeps_its_brightness(make):
    drawing = Image.new("I;16", (SIDE, SIDE), 128 * 256)
    _made, files = make(encoded(drawing, "PNG"), "original")
    assert opened(files["original.jpg"]).getpixel((10, 10)) == (128, 128, 128)


@pytest.mark.parametrize(
    ("given", "refusal"),
    [
        (b"%PDF-1.7", "other-kind"),
        (jpeg(SIDE - 1, SIDE), "too-small"),
        (jpeg(SIDE * 7 + 1, SIDE), "too-narrow"),
        (
            encoded(
                drawn(SIDE, SIDE),
                "PNG",
                save_all=True,
                append_images=[drawn(SIDE, SIDE).transpose(Image.Transpose.ROTATE_180)],
            ),
            "other-kind",
        ),
    ],
    ids=["pdf", "small", "narrow", "animation"],
)
def test_other_files_are_refused_by_kind(make, given, refusal):
    assert refusal_of(make, given) == refusal


def test_images_of_too_many_pixels_are_refused(make, monkeypatch):
    monkeypatch.setitem(encoding.MOST_PIXELS, "PNG", SIDE * SIDE - 1)
    assert refusal_of(make, encoded(drawn(SIDE, SIDE), "PNG")) == "too-large"
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", SIDE * SIDE // 2 - 1)
    assert refusal_of(make, jpeg(SIDE, SIDE)) == "too-large"


@pytest.mark.parametrize("given", [encoded(drawn(SIDE, SIDE), "PNG"), jpeg(encoding.LONGEST + 1, 400)])
def test_only_an_original_is_kept_as_it_is(make, given):
    assert refusal_of(make, given, "kept") == "other-original"
