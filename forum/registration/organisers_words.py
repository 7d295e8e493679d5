"""The organisers' own words to one person, which stand in a mail: the field in which they are typed."""

from flask_babel import lazy_gettext as _l
from wtforms.validators import Length

from forum.people.models import LONGEST_NOTE
from forum.web.forms import LinesField, TidyForm

LONGEST_WORDS = 2000


def words_field() -> LinesField:
    """Return a field for words to the person, in the language of the person's mails."""
    too_long = Length(max=LONGEST_WORDS, message=_l("Use at most 2,000 characters"))
    return LinesField(_l("Your words to the person"), [too_long])


class CancelForm(TidyForm):
    """Why a registration is cancelled, for organisers, and words to the person, which the mail has."""

    reason = LinesField(
        _l("Why you cancel"), [Length(max=LONGEST_NOTE, message=_l("Use at most 2,000 characters"))]
    )
    words = words_field()
