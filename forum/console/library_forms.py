"""The forms of an event's images: sending one, and saying what it shows."""

from collections.abc import Sequence
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from werkzeug.datastructures import FileStorage
from wtforms import FileField, RadioField, StringField
from wtforms.fields.choices import SelectChoice

from forum.columns import Text
from forum.console.settings_fields import AreaTexts, TextsField, at_most
from forum.images.actions import Description
from forum.images.enums import Focus
from forum.images.models import Image
from forum.web.edits import ShowsStored
from forum.web.forms import TidyForm
from forum.web.languages import language_name

LONGEST_ALT = 300
FOCUS_WORDS = {
    Focus.TOP_LEFT: _l("Top left"),
    Focus.TOP: _l("Top"),
    Focus.TOP_RIGHT: _l("Top right"),
    Focus.LEFT: _l("Left"),
    Focus.CENTRE: _l("Centre"),
    Focus.RIGHT: _l("Right"),
    Focus.BOTTOM_LEFT: _l("Bottom left"),
    Focus.BOTTOM: _l("Bottom"),
    Focus.BOTTOM_RIGHT: _l("Bottom right"),
}


# Fields appear in a form in the order in which they were made. The file is made first, as it stands first on its page.
FILE = FileField(_l("Image file"))


class DescribedForm(TidyForm):
    """The fields for what an image shows, in each language of the event, and for who made it."""

    alt = TextsField(AreaTexts, _l("Alternative text"), longest=LONGEST_ALT)
    credit = StringField(_l("Photographer or source"), [at_most(150)])

    def __init__(self, *args: Any, languages: Sequence[str], **options: Any) -> None:
        super().__init__(*args, **options)
        self._languages = languages

    def validate(self, extra_validators: Any = None) -> bool:
        """Check the fields, and that the image is described in each language of the event."""
        is_valid = super().validate(extra_validators)
        for code in self._languages:
            field = self.alt.form[code]
            if not field.data and not field.errors:
                field.errors = [_("Say in %(language)s what the image shows", language=language_name(code))]
                is_valid = False
        return is_valid


class UploadForm(DescribedForm):
    """The form for adding an image to the library. The view passes the file to `take`; no field holds its content."""

    file = FILE
    is_file_sent = False  # whether a file was sent; a page with errors cannot show the file again

    def take(self, sent: FileStorage | None) -> bytes:
        """Return the content of the file that was sent; without a file, add an error to the form and return b''."""
        content = sent.read() if sent else b""
        self.is_file_sent = bool(content)
        if not content:
            self.file.errors = [_("Choose an image file")]
        return content

    def said(self) -> Description:
        """Return the description of the image as typed in the form."""
        return Description(alt=self.alt.text, credit=self.credit.data or "")


class ImageForm(ShowsStored, DescribedForm):
    """The form for describing an image of the library, and for choosing the part that must stay visible."""

    focus = RadioField(
        _l("What must stay visible"),
        choices=[SelectChoice(str(each), words) for each, words in FOCUS_WORDS.items()],
    )

    @staticmethod
    def filled(image: Image) -> dict[str, Any]:
        """Return the values with which the form for an image is filled in: its description, credit and focus."""
        return Description.of(image).values()

    def said(self) -> Description:
        """Return the description of the image as typed in the form."""
        return Description(
            alt=Text(self.alt.text), credit=self.credit.data or "", focus=Focus(self.focus.data or "")
        )
