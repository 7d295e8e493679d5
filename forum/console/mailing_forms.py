"""The forms for the organisers' own words of a mailing, and for sending it."""

from typing import Any

from flask_babel import lazy_gettext as _l

from forum.columns import Text
from forum.console.settings_fields import LongTexts, TextsField
from forum.mailings.models import Mailing
from forum.web.edits import ShowsStored
from forum.web.forms import TidyForm

LONGEST_WORDS = 3000


class WordsForm(ShowsStored, TidyForm):
    """The form for the organisers' own words, which stand in the mail after the changed facts."""

    words = TextsField(LongTexts, _l("Your own words"), longest=LONGEST_WORDS)

    @staticmethod
    def stored(mailing: Mailing) -> dict[str, Any]:
        """Return the values of the form's fields for a stored mailing."""
        return {"words": dict(mailing.words)}

    def text(self) -> Text:
        """Return the typed text by language, without the languages that were left empty."""
        return self.words.text


class SendForm(ShowsStored, TidyForm):
    """The button that sends a mailing, unless its text has changed since the page was shown."""

    @staticmethod
    def stored(mailing: Mailing) -> dict[str, Any]:
        """Return what the mailing says: the changed facts and the organisers' own words."""
        return {"steps": mailing.steps, "words": dict(mailing.words)}
