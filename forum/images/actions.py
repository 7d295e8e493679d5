"""Adding images to a library, changing their descriptions, and removing them."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from forum.audit import actions as audit
from forum.columns import Text
from forum.extensions import db
from forum.images import queries
from forum.images.enums import Focus
from forum.images.making import Made
from forum.images.models import Image


@dataclass(frozen=True)
class Description:
    """What an organiser says about an image: its description by language, who made it, and which part stays visible."""

    alt: Text
    credit: str = ""
    focus: Focus = Focus.CENTRE

    @classmethod
    def of(cls, image: Image) -> "Description":
        """Return the stored description of an image."""
        return cls(alt=Text(image.alt), credit=image.credit or "", focus=image.focus)

    def values(self) -> dict[str, Any]:
        """Return the description as values that JSON can hold; languages without a text are left out."""
        alt = {code: words for code, words in sorted(self.alt.items()) if words}
        return {"alt": alt, "credit": self.credit, "focus": str(self.focus)}


def add(
    event_id: int,
    key: str,
    made: Made,
    said: Description,
    *,
    file_name: str = "",
    actor: str,
    now: datetime,
) -> tuple[Image, bool]:
    """Add an image to the library of an event; return the image, and whether it is new.

    An image that the library has already, as when the form is sent twice, is not changed. The caller has stored the
    files.
    """
    if known := queries.find_own(event_id, key):
        return known, False
    size = {"width": made.width, "height": made.height, "widths": made.widths, "has_avif": made.has_avif}
    image = Image(event_id=event_id, key=key, added_at=now, alt=Text(), file_name=file_name, **size)
    _describe(image, said)
    db.session.add(image)
    audit.record("image.added", image, actor=actor, at=now)
    return image, True


def describe(image: Image, said: Description, *, actor: str, now: datetime) -> bool:
    """Store an image's description; return whether it differs from the one stored before."""
    before, after = Description.of(image).values(), said.values()
    if before == after:
        return False
    _describe(image, said)
    fields = sorted(name for name in after if after[name] != before[name])
    audit.record("image.changed", image, actor=actor, at=now, fields=fields)
    return True


def note_avif(image: Image, *, actor: str, now: datetime) -> None:
    """Record that an image has AVIF files, which the caller has stored: from now on pages show them."""
    image.has_avif = True
    audit.record("image.changed", image, actor=actor, at=now, fields=["has_avif"])


def remove(image: Image, *, actor: str, now: datetime) -> None:
    """Remove an image, which no post or page shows, from its library; the caller removes its files after the commit."""
    audit.record("image.removed", image, actor=actor, at=now)
    db.session.delete(image)


def _describe(image: Image, said: Description) -> None:
    image.alt = Text({code: words for code, words in said.alt.items() if words})
    image.credit = said.credit or None
    image.focus = said.focus
