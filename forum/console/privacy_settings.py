"""The form of the settings' page about privacy: who may read the list of participants (P15)."""

from typing import Any

from flask_babel import lazy_gettext as _l
from wtforms import RadioField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import InputRequired

from forum.console.settings_fields import SettingsForm
from forum.events.enums import ListAudience
from forum.events.models import Event


class PrivacyForm(SettingsForm):
    """The form for the readers of the list of participants."""

    participant_list = RadioField(
        _l("List of participants"),
        [InputRequired(_l("Choose who may read the list"))],
        choices=[
            SelectChoice(ListAudience.OFF.value, _l("No list")),
            SelectChoice(ListAudience.PARTICIPANTS.value, _l("For participants only")),
            SelectChoice(ListAudience.PUBLIC.value, _l("Public, on the web")),
        ],
    )

    def __init__(self, *args: Any, event: Event, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)

    @staticmethod
    def stored(event: Event) -> dict[str, Any]:
        """Return the values that the form's fields show for the event."""
        return {"participant_list": event.participant_list.value}

    def values(self, event: Event) -> dict[str, Any]:
        """Return the new values of the event's columns, by column name, as the form has them."""
        return {"participant_list": ListAudience(self.participant_list.data)}
