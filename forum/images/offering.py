"""The images that forms offer: the newest of an event's library, and the one that is chosen already."""

from collections.abc import Sequence

from forum.images import queries
from forum.images.models import Image

MOST = 30


def offered_images(event_id: int, chosen: str = "") -> Sequence[Image]:
    """Return the images to choose from; `chosen` is a key, or "" for none."""
    newest = queries.list_newest(event_id, MOST)
    if not chosen or any(image.key == chosen for image in newest):
        return newest
    return [*filter(None, [queries.find(chosen)]), *newest]
