"""The organisers' own words to one person, which stand in a mail: the field in which they are typed."""

from flask_babel import lazy_gettext as _l
from wtforms.validators import Length

from forum.web.forms import LinesField

LONGEST_WORDS = 2000


def words_field() -> LinesField:
    """Return a field for words to the person, in the language of the person's mails."""
    too_long = Length(max=LONGEST_WORDS, message=_l("Use at most 2,000 characters"))
    return LinesField(_l("Your words to the person"), [too_long])
