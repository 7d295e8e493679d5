"""A form field for choosing an image of an event's library, and the images that the field shows."""

import re
from collections.abc import Iterable, Mapping
from types import MappingProxyType

from flask_babel import lazy_gettext as _l
from wtforms import RadioField
from wtforms.fields.choices import SelectChoice
from wtforms.form import BaseForm
from wtforms.validators import ValidationError

from forum.images import queries
from forum.images.pictures import Picture, picture_of

REMOVED = _l("The library does not have this image any more. Choose another one, or none.")
KEY = re.compile(r"[0-9a-f]{16}")
# How many images a form shows at first, and how many more for each press of its button. The button shows the form again
# (`web.forms.SWITCH`), and its value has the new number of images: "images-60".
STEP = 30
MORE = re.compile(r"images-([1-9][0-9]{1,3})")


def number_asked(pressed: str) -> int:
    """Return how many images the form shows; `pressed` is the value of the button that was pressed, or ""."""
    asked = MORE.fullmatch(pressed)
    return int(asked[1]) if asked else STEP


class ImageField(RadioField):
    """A choice of an image of an event's library by its key, or of none ("").

    The form shows the newest images and those that are chosen. A script lets somebody choose any other image of the
    library, which the form accepts, too.
    """

    # The pictures of the images that the form shows, by the image's key.
    pictures: Mapping[str, Picture] = MappingProxyType({})
    # How many images the form shows once its button for more is pressed; 0 when it shows all already.
    more = 0

    def offer(self, event_id: int, none: str, *, stored: Iterable[str] = (), number: int = STEP) -> None:
        """Offer the event's newest images, those with `stored` keys, and the one that was sent.

        `none` is the label of the key "", which stands for no image.
        """
        newest = queries.list_newest(event_id, number + 1)
        self.more = number + STEP if len(newest) > number else 0
        chosen = [queries.find(key) for key in stored if key]
        sent = self.data or ""
        if KEY.fullmatch(sent):
            chosen.append(queries.find_own(event_id, sent))
        # Keep plain pictures, not rows: after a rollback a row would be read again, and may be deleted by then.
        self.pictures = {image.key: picture_of(image) for image in [*filter(None, chosen), *newest[:number]]}
        offered = (SelectChoice(key, picture.alt) for key, picture in self.pictures.items())
        self.choices = [SelectChoice("", none), *offered]

    def refuse_removed(self) -> None:
        """Clear the choice of an image that was removed, and say so; call `offer` before, which leaves it out."""
        self.data = ""
        self.errors = [REMOVED]

    def pre_validate(self, form: BaseForm) -> None:
        """Refuse a key that is not offered. Raises ValidationError."""
        if self.data not in {"", *self.pictures}:
            self.data = ""
            raise ValidationError(REMOVED)
