"""The form for a new event."""

from datetime import timedelta

from babel import Locale
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import (
    EmailField,
    IntegerField,
    RadioField,
    SelectField,
    SelectMultipleField,
    StringField,
)
from wtforms.fields.choices import SelectChoice
from wtforms.validators import InputRequired, Length, Optional, ValidationError
from wtforms.widgets import CheckboxInput

from forum import clock
from forum.events.enums import SectorTemplate
from forum.events.making import Plan
from forum.web.forms import DayField, TidyForm, WithinLimits, is_email, required
from forum.web.languages import NAMES, language

ZONES = (
    "Europe/Stockholm",
    "Europe/Oslo",
    "Europe/Copenhagen",
    "Europe/Helsinki",
    "Atlantic/Reykjavik",
    "Europe/Mariehamn",
    "Atlantic/Faroe",
    "America/Nuuk",
)
TEMPLATES = {
    SectorTemplate.NORDIC: _l("Five sectors"),
    SectorTemplate.OPEN: _l("One open sector"),
    SectorTemplate.BLANK: _l("My own"),
}
LONGEST = timedelta(days=31)
EARLIEST, YEARS_AHEAD = 1990, 20


class NumberField(IntegerField):
    """A field for a whole number, with a translated message for any other text."""

    def process_formdata(self, valuelist) -> None:
        """Read the number. Raises ValueError with a message for people."""
        try:
            super().process_formdata(valuelist)
        except ValueError:
            raise ValueError(_("Enter a whole number in digits")) from None


class LanguagesField(SelectMultipleField):
    """Languages to tick, each under its own name."""

    option_widget = CheckboxInput()


class NewEventForm(TidyForm):
    """The form with the facts that are needed to make an event. Name and place are in the organiser's language."""

    name = StringField(
        _l("Name"),
        [required(_l("Enter the name")), Length(max=120, message=_l("Use at most 120 characters"))],
    )
    first_day = DayField(_l("First day"), [InputRequired(_l("Enter the first day"))])
    last_day = DayField(_l("Last day"), [InputRequired(_l("Enter the last day"))])
    timezone = SelectField(_l("Time zone"), default=ZONES[0])
    place = StringField(
        _l("Place"),
        [required(_l("Enter the place")), Length(max=120, message=_l("Use at most 120 characters"))],
    )
    capacity = NumberField(
        _l("Places in all"),
        [
            InputRequired(_l("Enter how many places there are")),
            WithinLimits(1, 100_000, _l("Enter a number from 1 to 100,000")),
        ],
    )
    template = RadioField(
        _l("Who sits around the table"),
        choices=[SelectChoice(template.value, label) for template, label in TEMPLATES.items()],
        default=SectorTemplate.NORDIC.value,
    )
    languages = LanguagesField(
        _l("Languages of the site"),
        [InputRequired(_l("Choose at least one language"))],
        choices=[SelectChoice(code, name) for code, name in NAMES.items()],
        default=list(NAMES),
    )
    organiser_name = StringField(_l("Organiser"), [Length(max=120, message=_l("Use at most 120 characters"))])
    contact_email = EmailField(_l("E-mail address for questions"), [Optional(), is_email])

    def __init__(self, *args, **kwargs) -> None:
        super().__init__(*args, **kwargs)
        self.timezone.choices = [SelectChoice(zone, _city(zone)) for zone in ZONES]

    def validate_first_day(self, field: DayField) -> None:
        """Refuse a day that is decades away: it must be a typing error."""
        if field.data and not EARLIEST <= field.data.year <= clock.now().year + YEARS_AHEAD:
            raise ValidationError(_l("Enter a day that is not decades away"))

    def validate_last_day(self, field: DayField) -> None:
        """Refuse a last day before the first one, or long after it."""
        if not field.data or not self.first_day.data or self.first_day.errors:
            return
        if field.data < self.first_day.data:
            raise ValidationError(_l("Enter a last day that is not before the first one"))
        if field.data - self.first_day.data > LONGEST:
            raise ValidationError(_l("An event lasts at most 31 days"))

    def plan(self) -> Plan:
        """Return the values of the valid form as a Plan, from which `making.make_event` makes the event."""
        chosen = tuple(code for code in NAMES if code in (self.languages.data or ()))
        return Plan(
            name=self.name.data,
            language=language() if language() in chosen else chosen[0],
            languages=chosen,
            first_day=self.first_day.data,
            last_day=self.last_day.data,
            timezone=self.timezone.data,
            place=self.place.data,
            capacity=self.capacity.data,
            template=SectorTemplate(self.template.data),
            organiser_name=self.organiser_name.data or "",
            contact_email=self.contact_email.data or "",
        )


class CopyForm(TidyForm):
    """The form for name and first day of an event that is copied for another year."""

    name = StringField(
        _l("Name"),
        [required(_l("Enter the name")), Length(max=120, message=_l("Use at most 120 characters"))],
    )
    first_day = DayField(_l("First day"), [InputRequired(_l("Enter the first day"))])

    validate_first_day = NewEventForm.validate_first_day


def _city(zone: str) -> str:
    """Return the name, in the page's language, of the city after which a time zone is called."""
    named = Locale.parse(language()).time_zones.get(zone, {}).get("city")
    return str(named or zone.rpartition("/")[2])
