"""Images of an import, written into the database; their files are in the store already (`content.originals`)."""

from collections.abc import Mapping

from forum.content import images, moments
from forum.content.originals import Size
from forum.content.shapes import Document, Where
from forum.events.models import Event
from forum.extensions import db
from forum.images import queries
from forum.images.models import Image

# The documents that describe images; their keys are the event's slug and the image's key.
ByPlace = Mapping[tuple[str, str], Document]


def write(
    before: ByPlace, wanted: ByPlace, events: Mapping[str, Event], sizes: Mapping[tuple[str, str], Size]
) -> None:
    """Store the images whose documents differ from the stored ones; `sizes` has the size of each new image."""
    for place, document in wanted.items():
        if document != before.get(place):
            _write(events[place[0]], place[1], document, sizes)


def _write(event: Event, key: str, document: Document, sizes: Mapping[tuple[str, str], Size]) -> None:
    image = queries.find(key)
    if image is None:
        size = sizes[event.slug, key]
        image = Image(event_id=event.id, key=key, **vars(size))
        db.session.add(image)
    said = images.description_of(document)
    image.alt, image.credit, image.focus = said.alt, said.credit or None, said.focus
    image.file_name = document.get("file_name", "")
    image.added_at = moments.read(document["added"], event.zone, Where(""))
    db.session.flush()
