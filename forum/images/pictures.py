"""Images as pages show them: addresses in each width and kind, and the words in the page's language."""

from dataclasses import dataclass

from flask import url_for

from forum.images.models import Image
from forum.web.languages import in_language
from forum.web.seo import SharedImage


@dataclass(frozen=True)
class Picture:
    """An image for templates/components/picture.html; a srcset has the addresses of a kind with their widths.

    `avif_srcset` is empty for an image without AVIF files.
    """

    alt: str
    credit: str
    focus: str
    width: int
    height: int
    src: str
    jpeg_srcset: str
    webp_srcset: str
    avif_srcset: str


def picture_of(image: Image) -> Picture:
    """Return the picture of an image in the page's language."""
    return Picture(
        alt=in_language(image.alt),
        credit=image.credit or "",
        focus=str(image.focus),
        width=image.width,
        height=image.height,
        src=file_url(image, _middle(image.widths)),
        jpeg_srcset=_srcset(image, "jpg"),
        webp_srcset=_srcset(image, "webp"),
        avif_srcset=_srcset(image, "avif") if image.has_avif else "",
    )


def file_url(image: Image, width: int, kind: str = "jpg") -> str:
    """Return the address of an image's file."""
    return url_for("images.file", key=image.key, name=f"{width}.{kind}")


def shared_image_of(image: Image) -> SharedImage:
    """Return the widest JPEG of an image, for other sites to show beside a shared link."""
    width = max(image.widths)
    height = round(image.height * width / image.width)
    return SharedImage(file_url(image, width), width, height, "image/jpeg", in_language(image.alt))


def _srcset(image: Image, kind: str) -> str:
    return ", ".join(f"{file_url(image, width, kind)} {width}w" for width in image.widths)


def _middle(widths: list[int]) -> int:
    """Return the width for browsers that do not read `srcset`: the one nearest to 800 pixels."""
    return min(widths, key=lambda width: abs(width - 800))
