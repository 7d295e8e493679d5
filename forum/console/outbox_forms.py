"""The form with which an organiser dismisses a dead letter: a mail that has failed for good."""

from flask_babel import lazy_gettext as _l
from wtforms import SelectField
from wtforms.fields.choices import SelectChoice

from forum.outbox.enums import AbortReason
from forum.outbox.wording import REASONS
from forum.web.forms import TidyForm


class DismissForm(TidyForm):
    """Asks for the reason, from a fixed list, so that no name gets into the audit trail."""

    reason = SelectField(
        _l("Reason"),
        choices=[
            SelectChoice("", _l("Choose a reason")),
            *(
                SelectChoice(reason.value, text)
                for reason, text in REASONS.items()
                if reason != AbortReason.OUTDATED
            ),
        ],
        default="",
    )
