"""The organisers' own words in a mail to one person: the form's field, and the message after sending."""

from collections.abc import Sequence
from typing import Any

from flask import flash
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms.validators import Length

from forum.people.models import LONGEST_NOTE
from forum.registration.models import Registration
from forum.web.edits import ShowsStored
from forum.web.forms import LinesField, TidyForm
from forum.web.identity_numbers import no_identity_number

LONGEST_WORDS = 2000


def words_field() -> LinesField:
    """Return a field for words to the person, in the language of the person's mails."""
    too_long = Length(max=LONGEST_WORDS, message=_l("Use at most 2,000 characters"))
    return LinesField(_l("Your words to the person"), [too_long, no_identity_number])


def flash_saved(registration: Registration, done: str, changed: Sequence[str], words: str | None) -> None:
    """Flash the sentence `done`, and how the person learns of it: by a mail if there are `words`, else on a page.

    If nothing was `changed`, flash that instead.
    """
    if not changed:
        flash(_("Nothing was different, so nothing was changed."), "info")
        return
    how = ""
    if words:
        how = _("A message is on its way to the person.")
    elif registration.has_address:
        how = _("The person sees them on their own page.")
    flash(f"{done} {how}".strip(), "success")


class CancelForm(ShowsStored, TidyForm):
    """A form for cancelling a registration: the reason, which organisers read, and words for the mail to the person."""

    reason = LinesField(
        _l("Why you cancel"),
        [Length(max=LONGEST_NOTE, message=_l("Use at most 2,000 characters")), no_identity_number],
    )
    words = words_field()

    @staticmethod
    def stored(registration: Registration) -> dict[str, Any]:
        """Return what the page shows of the registration; if it has changed meanwhile, nothing is cancelled."""
        return {name: getattr(registration, name) for name in ("status", "review_since", "language")}
