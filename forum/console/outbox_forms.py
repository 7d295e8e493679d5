"""Why an organiser puts a dead letter aside."""

from flask_babel import lazy_gettext as _l
from wtforms import SelectField
from wtforms.fields.choices import SelectChoice

from forum.outbox.enums import AbortReason
from forum.outbox.wording import REASONS
from forum.web.forms import TidyForm


class DismissForm(TidyForm):
    """A reason from a list: the audit trail must hold no names."""

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
