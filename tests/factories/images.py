"""Images for tests: files to send, and images in the library of an event.

sent = jpeg(800, 600)             # the bytes of a file
image = make_image(event)         # a row, without files
"""

import math
from io import BytesIO
from itertools import count
from typing import Any

from PIL import Image as Drawing
from PIL import ImageDraw

from forum.columns import Text
from forum.events.models import Event
from forum.images.models import Image
from tests.factories.events import NOW
from tests.factories.saving import save

_numbers = count(1)


def drawn(width: int, height: int, mode: str = "RGB") -> Drawing.Image:
    """Return a drawing that is red in its left upper quarter and blue elsewhere."""
    drawing = Drawing.new(mode, (width, height), "blue")
    ImageDraw.Draw(drawing).rectangle((0, 0, width // 2, height // 2), "red")
    return drawing


def ring(width: int, height: int) -> Drawing.Image:
    """Return a drawing of a ring of dots on a light ground."""
    drawing = Drawing.new("RGB", (width, height), "#f1ead9")
    pen, radius, dot = ImageDraw.Draw(drawing), min(width, height) * 0.36, min(width, height) * 0.035
    for number in range(24):
        angle = number * math.tau / 24
        x, y = width / 2 + radius * math.cos(angle), height / 2 + radius * math.sin(angle)
        colour = ("#2a2f80", "#741433", "#3f918c", "#bb7212", "#4f5f6d")[number * 5 // 24]
        pen.ellipse((x - dot, y - dot, x + dot, y + dot), colour)
    return drawing


def jpeg(width: int = 800, height: int = 600, **options: Any) -> bytes:
    """Return a JPEG file; `options` are those of Pillow's `save`."""
    return encoded(drawn(width, height), "JPEG", **options)


def encoded(drawing: Drawing.Image, kind: str, **options: Any) -> bytes:
    """Return the drawing as a file in this image format."""
    out = BytesIO()
    drawing.save(out, kind, **options)
    return out.getvalue()


def make_image(event: Event, **differing: Any) -> Image:
    """Save an image of the event's library, without files."""
    number = next(_numbers)
    values = {
        "event_id": event.id,
        "key": f"{number:016x}",
        "width": 800,
        "height": 600,
        "widths": [400, 800],
        "alt": Text(sv=f"Bild {number}", en=f"Image {number}"),
        "added_at": NOW,
    }
    return save(Image(**{**values, **differing}))
