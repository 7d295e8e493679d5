"""The organisers' own words to one person, which stand in a mail: the field in which they are typed."""

from typing import Any

from flask_babel import lazy_gettext as _l
from wtforms.validators import Length

from forum.people.models import LONGEST_NOTE
from forum.registration.models import Registration
from forum.web.edits import ShowsStored
from forum.web.forms import LinesField, TidyForm

LONGEST_WORDS = 2000


def words_field() -> LinesField:
    """Return a field for words to the person, in the language of the person's mails."""
    too_long = Length(max=LONGEST_WORDS, message=_l("Use at most 2,000 characters"))
    return LinesField(_l("Your words to the person"), [too_long])


class CancelForm(ShowsStored, TidyForm):
    """Why a registration is cancelled, for organisers, and words to the person, which the mail has."""

    reason = LinesField(
        _l("Why you cancel"), [Length(max=LONGEST_NOTE, message=_l("Use at most 2,000 characters"))]
    )
    words = words_field()

    @staticmethod
    def stored(registration: Registration) -> dict[str, Any]:
        """Return what the page says of the registration: what ends, and in which language the words are written."""
        return {name: getattr(registration, name) for name in ("status", "review_since", "language")}
