"""A program that makes the files of an image from one file: `python -I encoding.py FOLDER MODE`.

It runs as a process of its own (`images.making`), with limits on its memory and time, because a file from outside can
make a decoder use much of both, or crash it. So it imports nothing of the forum.

FOLDER holds the file `given`. With MODE "new" it becomes `original.jpg`: upright, in sRGB, at most LONGEST pixels wide
and high, without metadata. With MODE "kept" it must be such an original already, and is left as it is. With MODE
"original" it becomes `original.jpg`, and nothing else is made. With the other modes the program makes from the original
a JPEG, a WebP and an AVIF in each width, such as `800.webp`; the AVIF files are left out if all of them together have
more bytes than the WebP files. The program prints JSON: the image's size and widths and whether there are AVIF files,
the kind of refusal, or that the disk of FOLDER is full.
"""

import errno
import json
import resource
import sys
from io import BytesIO
from pathlib import Path
from typing import Any

from PIL import Image, ImageCms, ImageOps

MEMORY, SECONDS, LARGEST_OUTPUT = 1024**3, 20, 32 * 1024**2
KINDS = ("JPEG", "PNG", "WEBP")
# The most pixels of an image. A JPEG may have more, because it can be decoded at a fraction of its size.
MOST_PIXELS = {"JPEG": 64_000_000, "PNG": 30_000_000, "WEBP": 30_000_000}
LONGEST, NARROWEST = 2400, 320
# An image's longer side may be this many times as long as its shorter side. Then the shorter side keeps at least
# NARROWEST pixels when the image is scaled down to LONGEST.
MOST_STRETCHED = 7
WIDTHS = (400, 800, 1200, 1600)
WHITE = (255, 255, 255)
FULL = (errno.ENOSPC, errno.EDQUOT)


class Refused(Exception):
    """The file is refused; the argument is the kind of refusal."""


def main(folder: Path, mode: str) -> dict[str, Any]:
    """Make the image's files in the folder, as the mode says; return the image's size and widths. Raises Refused."""
    given = (folder / "given").read_bytes()
    original = _checked(given) if mode == "kept" else _original(given)
    (folder / "original.jpg").write_bytes(original)
    with Image.open(BytesIO(original), formats=("JPEG",)) as image:
        image.load()
        widths = [] if mode == "original" else _widths(image.width)
        avif, webp_bytes = dict[str, bytes](), 0
        for width in widths:
            height = max(1, round(image.height * width / image.width))
            scaled = image.resize((width, height), Image.Resampling.LANCZOS) if width < image.width else image
            scaled.save(folder / f"{width}.jpg", "JPEG", quality=80, optimize=True, progressive=True)
            scaled.save(folder / f"{width}.webp", "WEBP", quality=78, method=4)
            webp_bytes += (folder / f"{width}.webp").stat().st_size
            avif[f"{width}.avif"] = _as_avif(scaled)
        has_avif = sum(map(len, avif.values())) < webp_bytes
        for name, content in avif.items() if has_avif else ():
            (folder / name).write_bytes(content)
        return {"width": image.width, "height": image.height, "widths": widths, "has_avif": has_avif}


def _as_avif(image: Image.Image) -> bytes:
    """Return the image as an AVIF file, made by one thread: the same image gives the same bytes."""
    out = BytesIO()
    # Speed 8 halves the time that the usual speed 6 takes, and makes files a quarter larger.
    image.save(out, "AVIF", quality=60, speed=8, max_threads=1)
    return out.getvalue()


def _original(given: bytes) -> bytes:
    """Return the JPEG that the library stores as the image's original: upright, scaled down, without metadata."""
    with _opened(given) as image:
        # Decode a JPEG at the smallest fraction of its size that is still as large as the original will be.
        image.draft("RGB", (LONGEST, LONGEST))
        turned = ImageOps.exif_transpose(image)
        plain = _plain(turned, image.info.get("icc_profile"))
    plain.thumbnail((LONGEST, LONGEST), Image.Resampling.LANCZOS)
    out = BytesIO()
    plain.save(out, "JPEG", quality=90, optimize=True, progressive=True)
    return out.getvalue()


def _checked(given: bytes) -> bytes:
    """Return the file unchanged if it is an original as the forum exports it: a plain JPEG. Raises Refused."""
    with _opened(given) as image:
        is_plain = image.format == "JPEG" and image.mode == "RGB" and not image.getexif()
        if not is_plain or "icc_profile" in image.info or max(image.size) > LONGEST:
            raise Refused("other-original")
    return given


def _opened(given: bytes) -> Image.Image:
    """Open the file as an image, reading only the file's head, and check kind and size. Raises Refused."""
    try:
        image = Image.open(BytesIO(given), formats=KINDS)
    except Image.DecompressionBombError:
        raise Refused("too-large") from None
    except Image.UnidentifiedImageError:
        raise Refused("other-kind") from None
    kind = "JPEG" if image.format == "MPO" else str(image.format)
    if image.width * image.height > MOST_PIXELS[kind]:
        raise Refused("too-large")
    if kind != "JPEG" and getattr(image, "is_animated", False):
        raise Refused("other-kind")
    if min(image.size) < NARROWEST:
        raise Refused("too-small")
    if max(image.size) > min(image.size) * MOST_STRETCHED:
        raise Refused("too-narrow")
    return image


def _plain(image: Image.Image, profile: bytes | None) -> Image.Image:
    """Return the image in sRGB, on white where it is transparent."""
    if image.mode.startswith("I"):  # Pillow's modes that begin with I are grey scales of 16 bits or more
        image = image.point(lambda value: value * (1 / 256)).convert("L")
    if image.has_transparency_data:
        layer = image.convert("RGBA")
        image = Image.new("RGB", image.size, WHITE)
        image.paste(layer, mask=layer.getchannel("A"))
    elif profile and image.mode in {"RGB", "CMYK"}:
        image = _in_srgb(image, profile)
    image = image.convert("RGB")
    # Delete the metadata that Pillow has read, or `save` would write a comment or a colour profile into the new file.
    image.info = {}
    return image


def _in_srgb(image: Image.Image, profile: bytes) -> Image.Image:
    """Return the image with its colours converted to sRGB; a profile that cannot be read is ignored."""
    try:
        own, srgb = ImageCms.ImageCmsProfile(BytesIO(profile)), ImageCms.createProfile("sRGB")
        return ImageCms.profileToProfile(image, own, srgb, outputMode="RGB") or image
    except (ImageCms.PyCMSError, OSError, ValueError):
        return image


def _widths(width: int) -> list[int]:
    """Return the widths in which pages can show an image of this width."""
    return [*(each for each in WIDTHS if each < width), *([width] if width <= WIDTHS[-1] else [])]


def _limit() -> None:
    """Limit the memory, processor time and file sizes of this process."""
    for kind, most in (
        (resource.RLIMIT_AS, MEMORY),
        (resource.RLIMIT_CPU, SECONDS),
        (resource.RLIMIT_FSIZE, LARGEST_OUTPUT),
        (resource.RLIMIT_CORE, 0),
    ):
        resource.setrlimit(kind, (most, most))


if __name__ == "__main__":
    _limit()
    try:
        said = main(Path(sys.argv[1]), sys.argv[2])
    except Refused as refusal:
        said = {"refused": str(refusal)}
    except (OSError, ValueError, SyntaxError, MemoryError, OverflowError, EOFError) as problem:
        # Pillow's decoders raise any of these for a damaged file.
        is_full = isinstance(problem, OSError) and problem.errno in FULL
        said = {"full": True} if is_full else {"refused": "unreadable"}
    sys.stdout.write(json.dumps(said))
