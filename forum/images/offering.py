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
# How many images a form shows at first, and how many more after each press of the button "more". That button reloads
# the form (`web.forms.SWITCH`), and its value says how many images to show then, such as "images-60".
STEP = 30
MORE = re.compile(r"images-([1-9][0-9]{1,3})")


def number_asked(pressed: str) -> int:
    """Return how many images the form shall show; `pressed` is the value of the pressed button, or ""."""
    asked = MORE.fullmatch(pressed)
    return int(asked[1]) if asked else STEP


class ImageField(RadioField):
    """A choice of an image of an event's library by its key, or of none ("").

    The form shows the newest images and those that are chosen. A script lets somebody choose any other image of the
    library, which the form accepts, too.
    """

    # The pictures of the images that the form shows, by the image's key.
    pictures: Mapping[str, Picture] = MappingProxyType({})
    # How many images the form will show after a press of the button for more; 0 when all are shown already.
    more = 0

    def offer(self, event_id: int, none: str, *, stored: Iterable[str] = (), number: int = STEP) -> None:
        """Offer the event's newest images, the images with `stored` keys, and the image chosen in the sent form.

        `none` is the label of the key "", which stands for no image.
        """
        newest = queries.list_newest(event_id, number + 1)
        self.more = number + STEP if len(newest) > number else 0
        chosen = [queries.find(key) for key in stored if key]
        sent = self.data or ""
        if KEY.fullmatch(sent):
            chosen.append(queries.find_own(event_id, sent))
        # Keep plain pictures, not rows: after a rollback SQLAlchemy reads a row again, which may be deleted by then.
        self.pictures = {image.key: picture_of(image) for image in [*filter(None, chosen), *newest[:number]]}
        offered = (SelectChoice(key, picture.alt) for key, picture in self.pictures.items())
        self.choices = [SelectChoice("", none), *offered]

    def refuse_removed(self) -> None:
        """Clear the choice of an image that was removed, and show an error. Call `offer` before."""
        self.data = ""
        self.errors = [REMOVED]

    def pre_validate(self, form: BaseForm) -> None:
        """Refuse the key of an image that the form does not offer. Raises ValidationError."""
        if self.data not in {"", *self.pictures}:
            self.data = ""
            raise ValidationError(REMOVED)
