"""Images that are sent are checked and encoded anew, with limited memory and time; other files are refused (S29)."""

import struct
import zlib
from contextlib import nullcontext
from io import BytesIO

import pytest
from PIL import Image, ImageCms, PngImagePlugin

from forum.images import making, store
from forum.images.errors import (
    NotOurs,
    OtherKind,
    StorageAway,
    TooLarge,
    TooNarrow,
    TooSmall,
    Unreadable,
)
from tests.factories.images import drawn, encoded, jpeg

SVG = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'


def opened(content: bytes) -> Image.Image:
    return Image.open(BytesIO(content))


def png_of(width: int, height: int) -> bytes:
    """Return a PNG of a few bytes that declares this size."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", head)
        + chunk(b"IDAT", zlib.compress(b"\0"))
        + chunk(b"IEND", b"")
    )


def animation(kind: str) -> bytes:
    frames = [drawn(400, 400), drawn(400, 400).transpose(Image.Transpose.ROTATE_180)]
    return encoded(frames[0], kind, save_all=True, append_images=frames[1:], duration=100)


def test_image_is_made_in_each_width_and_kind():
    made = making.make(jpeg(1500, 1000))
    assert (made.width, made.height, made.widths) == (1500, 1000, [400, 800, 1200, 1500])
    sizes = {name: (opened(content).format, opened(content).size) for name, content in made.files.items()}
    shown = {width: (width, round(width / 1.5)) for width in made.widths}
    assert sizes == {
        "original.jpg": ("JPEG", (1500, 1000)),
        **{f"{width}.jpg": ("JPEG", size) for width, size in shown.items()},
        **{f"{width}.webp": ("WEBP", size) for width, size in shown.items()},
        **{f"{width}.avif": ("AVIF", size) for width, size in shown.items()},
    }


def test_image_whose_avif_files_are_not_smaller_has_none():
    small = making.make(jpeg(400, 400))
    assert (small.has_avif, sorted(small.files)) == (False, ["400.jpg", "400.webp", "original.jpg"])
    assert making.make(jpeg(1500, 1000)).has_avif


def test_large_image_is_scaled_down():
    made = making.make(jpeg(6000, 4000))
    assert (made.width, made.height, made.widths) == (2400, 1600, [400, 800, 1200, 1600])


def test_metadata_and_what_follows_the_image_are_dropped_and_the_image_stands_upright():
    """A JPEG loses its location (Stockholm) and an appended ZIP archive, and is rotated as its metadata say."""
    exif = Image.Exif()
    exif[0x0112] = 6  # this orientation tells viewers to turn the image clockwise by a quarter
    exif[0x010F] = "Secret Camera"
    exif.get_ifd(0x8825)[2] = (59.0, 19.0, 48.0)
    sent = jpeg(800, 600, exif=exif, comment=b"Secret comment") + b"PK\x03\x04<script>Secret</script>"
    made = making.make(sent)
    assert (made.width, made.height) == (600, 800)
    for content in made.files.values():
        assert b"Secret" not in content
        assert b"Exif" not in content
        assert dict(opened(content).getexif()) == {}
    corner = opened(made.files["original.jpg"]).getpixel((550, 50))
    assert corner[0] > 200 > 100 > corner[2]  # turning has moved the red quarter to the upper right


def test_transparent_parts_are_white_and_colours_become_srgb():
    see_through = Image.new("RGBA", (400, 400), (0, 0, 0, 0))
    made = making.make(encoded(see_through, "PNG"))
    assert opened(made.files["original.jpg"]).getpixel((200, 200)) == (255, 255, 255)
    lab = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    coloured = making.make(encoded(drawn(400, 400), "PNG", icc_profile=lab))
    assert "icc_profile" not in opened(coloured.files["original.jpg"]).info
    for mode in ("L", "P", "CMYK", "I;16"):
        kind = "JPEG" if mode == "CMYK" else "PNG"
        drawing = Image.new("I;16", (400, 400), 65535) if mode == "I;16" else drawn(400, 400).convert(mode)
        assert opened(making.make(encoded(drawing, kind)).files["400.jpg"]).mode == "RGB", mode


@pytest.mark.parametrize(
    ("sent", "refusal"),
    [
        (SVG, OtherKind),
        (b"<!doctype html><script>alert(1)</script>", OtherKind),
        (b"%PDF-1.7", OtherKind),
        (b"GIF89a" + SVG, OtherKind),
        (animation("GIF"), OtherKind),
        (animation("WEBP"), OtherKind),
        (animation("PNG"), OtherKind),
        (png_of(50_000, 50_000), TooLarge),
        (png_of(5_600, 5_600), TooLarge),
        (png_of(400, 400), Unreadable),
        (jpeg(400, 400)[:2000], Unreadable),
        (jpeg(319, 800), TooSmall),
        (jpeg(400, 2_801), TooNarrow),
        (jpeg(12_000, 400), TooNarrow),
        (b"\xff\xd8" * 6_000_001, TooLarge),
    ],
    ids=lambda value: value[:12] if isinstance(value, bytes) else None,
)
def test_other_files_are_refused(sent, refusal):
    with pytest.raises(refusal):
        making.make(sent)


def test_text_that_unpacks_to_very_much_is_refused_or_left_out():
    """A PNG of some kilobytes whose compressed text unpacks to 100 MB is refused, or taken without the text."""
    text = PngImagePlugin.PngInfo()
    text.add_text("Comment", "A" * 100_000_000, zip=True)
    with pytest.raises(Unreadable):
        making.make(encoded(drawn(400, 400), "PNG", pnginfo=text))


def test_program_that_needs_too_much_memory_or_time_is_stopped(monkeypatch, tmp_path):
    source, program, sent = making.PROGRAM.read_text(), tmp_path / "encoding.py", jpeg(2000, 2000)
    making.make(sent)  # control: under the usual limits the same file is accepted
    program.write_text(source.replace("1024**3", "64 * 1024**2", 1))
    with monkeypatch.context() as patch:
        patch.setattr(making, "PROGRAM", program)
        with pytest.raises(Unreadable):
            making.make(sent)
    monkeypatch.setattr(making, "MAKE_SECONDS", 0.02)
    with pytest.raises(Unreadable):
        making.make(sent)


@pytest.mark.parametrize("size", [(900, 700), (700, 4900), (4900, 700)])
def test_original_of_an_export_makes_the_same_files_again(size):
    """The original of an image, however tall or wide, makes the same files again, under names that the forum serves."""
    made = making.make(jpeg(*size))
    assert making.make_again(made.files["original.jpg"]) == made
    assert all(store.SHOWN.fullmatch(name) for name in made.files.keys() - {"original.jpg"})


@pytest.mark.parametrize(
    "given",
    [
        encoded(drawn(400, 400), "PNG"),
        jpeg(2401, 400),
        jpeg(400, 2500),
        encoded(drawn(400, 400).convert("L"), "JPEG"),
    ],
)
def test_file_that_no_export_has_written_is_no_original(given):
    with pytest.raises(NotOurs):
        making.make_again(given)


def test_key_follows_the_content_and_the_event():
    one, other = making.make(jpeg(400, 400)), making.make(jpeg(400, 401))
    assert one.key_for("nf27") == making.make(jpeg(400, 400)).key_for("nf27")
    assert len({one.key_for("nf27"), other.key_for("nf27"), one.key_for("nf16")}) == 3


@pytest.mark.parametrize("file", ["given", "original.jpg", "400.jpg", "400.webp", "400.avif"])
def test_full_disk_is_not_taken_for_a_damaged_file(monkeypatch, tmp_path, file):
    """When a file cannot be written to a full disk, the error names the storage, not the person's image."""
    monkeypatch.setattr(making, "TemporaryDirectory", lambda prefix: nullcontext(str(tmp_path)))
    (tmp_path / file).symlink_to("/dev/full")
    with pytest.raises(StorageAway):
        making.make(jpeg(800, 600))
