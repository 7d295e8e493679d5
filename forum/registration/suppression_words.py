"""Words for organisers about addresses that mail to many leaves out."""

from datetime import tzinfo

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from forum.outbox.enums import SuppressionCause
from forum.outbox.suppression_models import SuppressedAddress
from forum.registration.enums import LiftReason
from forum.web.languages import day_text

REASONS = {
    LiftReason.MENDED: _l("The person says that messages arrive there"),
    LiftReason.ASKED: _l("The person wants messages after all"),
    LiftReason.MISTAKEN: _l("The report was wrong"),
}


def told(mark: SuppressedAddress, zone: tzinfo) -> str:
    """Return a text that says why mail to many leaves an address out, and what that means."""
    day = day_text(mark.noted_at, zone)
    if mark.cause == SuppressionCause.COMPLAINED:
        why = _("The recipient marked a message as unwanted on %(day)s.", day=day)
    else:
        why = _(
            "A message came back on %(day)s: nobody can be written to at this address (%(code)s).",
            day=day,
            code=mark.code,
        )
    meaning = _("Messages to many leave it out; messages about the registration itself are still tried.")
    return f"{why} {meaning}"
