"""The forms of an event's settings; each is filled from the event, and returns new values for its columns."""

from typing import Any
from zoneinfo import ZoneInfo

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import BooleanField, EmailField, RadioField, SelectField, StringField, URLField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import Optional, Regexp

from forum.console.settings_fields import (
    DayField,
    HourField,
    LineTexts,
    LongTexts,
    MomentField,
    NumberField,
    Row,
    RowsField,
    SettingsForm,
    TextsField,
    at_most,
    clock_of,
    exists,
    in_our_time,
    leads_to_a_page,
    moment_of,
    must_be_given,
    validate_filled,
)
from forum.events import errors
from forum.events.enums import LineOrder, NameOrder
from forum.events.hours import DayHours, columns_of, read_hours
from forum.events.models import Event
from forum.web.forms import is_email, required

ZONES = (
    *("Europe/Stockholm", "Europe/Oslo", "Europe/Copenhagen", "Europe/Helsinki", "Europe/Mariehamn"),
    *("Atlantic/Reykjavik", "Atlantic/Faroe", "America/Nuuk"),
)
MOMENTS = ("opens_at", "closes_at", "release_at", "freezes_at")
RULES = (
    *("has_waiting_list", "offer_hours", "offer_cutoff_hours", "organisation_cap"),
    *("review_days", "has_second_reviewer"),
)
FACT_TEXTS = ("name", "short_name", "place", "directions")
HASHTAG = r"^(#[^\s#]{1,59})?$"
DAY_REFUSALS: dict[type[errors.DaysRefused], Any] = {
    errors.NoDays: _l("Enter the event’s first day"),
    errors.DaysApart: _l("The days have to follow each other, one date after the other"),
    errors.HourMissing: _l("Enter when the first day starts and when the last one ends"),
    errors.EndsBeforeStart: _l("The day has to end after it starts"),
    errors.NoSuchHour: _l("This hour does not exist on that day, for the clocks go forward over it"),
}


class DayRow(Row):
    """The fields for a day of the event and its hours by the clock at the venue."""

    day = DayField(_l("Date"), [must_be_given(_l("Enter the date")), in_our_time])
    starts = HourField(_l("Starts"), [Optional()])
    ends = HourField(_l("Ends"), [Optional()])


class FactsForm(SettingsForm):
    """The form for an event's name, days and town."""

    name = TextsField(LineTexts, _l("Name"), longest=200, missing=_l("Enter the event’s name"))
    short_name = TextsField(LineTexts, _l("Short name"), longest=60, missing=_l("Enter a short name"))
    days = RowsField(DayRow, _l("Days and hours"), most=14)
    timezone = SelectField(_l("Time zone"), validate_choice=True)
    name_order = SelectField(
        _l("Order of names"),
        choices=[
            SelectChoice(NameOrder.SWEDISH.value, _l("Swedish and Finnish: … z å ä ö")),
            SelectChoice(NameOrder.DANISH.value, _l("Danish and Norwegian: … z æ ø å")),
            SelectChoice(NameOrder.ICELANDIC.value, _l("Icelandic: a á b … þ æ ö")),
        ],
    )
    place = TextsField(LineTexts, _l("Place"), longest=200, missing=_l("Enter where the event is held"))
    map_url = URLField(_l("Link to a map"), [at_most(500), leads_to_a_page])
    directions = TextsField(LongTexts, _l("How to get there"), longest=5000)
    hashtag = StringField(
        _l("Hashtag"), [Regexp(HASHTAG, message=_l("Enter one hashtag such as #NF27, without spaces"))]
    )
    contact_email = EmailField(
        _l("Contact address"), [required(_l("Enter the address to which people write")), is_email]
    )

    def __init__(self, *args, event: Event, **kwargs):
        super().__init__(*args, **kwargs)
        # The event's new values that follow from the days in the form, by column; `validate` stores them here.
        self._moments: dict[str, Any] = {}
        self.timezone.choices = [
            SelectChoice(zone, zone.replace("_", " ")) for zone in dict.fromkeys([*ZONES, event.timezone])
        ]
        if not self.is_submitted():
            self.days.offer_blank()

    @staticmethod
    def stored(event: Event) -> dict[str, Any]:
        """Return the values that the form's fields show for the event."""
        plain = {name: getattr(event, name) for name in ("timezone", "hashtag", "contact_email")}
        texts = {name: dict(getattr(event, name)) for name in FACT_TEXTS}
        days = [vars(day) for day in read_hours(event)]
        order = str(event.name_order)
        return {**plain, **texts, "map_url": event.map_url or "", "days": days, "name_order": order}

    def validate(self, extra_validators=None) -> bool:
        """Check the fields, then the days as a whole; a blank row is not a day."""

        def check(extra) -> bool:
            return super(FactsForm, self).validate(extra) and self._read_days()

        return validate_filled(self.days, check, extra_validators)

    def values(self, event: Event) -> dict[str, Any]:
        """Return the new values of the event's columns, by column name, as the form has them."""
        texts = {name: self[name].text for name in FACT_TEXTS}
        plain: dict[str, Any] = {
            name: self[name].data or "" for name in ("timezone", "hashtag", "contact_email")
        }
        plain["map_url"] = self.map_url.data or None
        plain["name_order"] = NameOrder(self.name_order.data)
        is_moved = self.timezone.data != event.timezone or self._days() != read_hours(event)
        return {**texts, **plain, **(self._moments if is_moved else {})}

    def _days(self) -> list[DayHours]:
        return [DayHours(**row.form.data) for row in self.days.entries]

    def _read_days(self) -> bool:
        try:
            self._moments = columns_of(self._days(), ZoneInfo(self.timezone.data))
        except errors.NoDays:
            self.days.errors = [DAY_REFUSALS[errors.NoDays]]
        except errors.DaysRefused as refusal:
            self.days.entries[refusal.row].form.day.errors = [DAY_REFUSALS[type(refusal)]]
            self.days.note_errors()
        return not self.days.errors


class RulesForm(SettingsForm):
    """The form for the dates between which people can register, and for the rules by which places are offered."""

    opens_at = MomentField(_l("Opens"), [must_be_given(_l("Enter when registration opens")), in_our_time])
    closes_at = MomentField(_l("Closes"), [must_be_given(_l("Enter when registration closes")), in_our_time])
    release_at = MomentField(_l("Kept places are released"), [Optional(), in_our_time])
    freezes_at = MomentField(_l("Answers can no longer be changed"), [Optional(), in_our_time])
    has_waiting_list = BooleanField(_l("Keep a waiting list"))
    offer_hours = NumberField(
        _l("Hours that an offer holds"), [must_be_given(_l("Enter a number of hours"))], least=1, most=720
    )
    line_order = RadioField(
        _l("Who is offered a place first"),
        [required(_l("Choose who is offered a place first"))],
        choices=[
            SelectChoice(LineOrder.TIME.value, _l("Whoever registered first")),
            SelectChoice(LineOrder.BALANCE.value, _l("Sectors and organisations with few places")),
        ],
    )
    offer_cutoff_hours = NumberField(
        _l("Hours before the event without offers"),
        [must_be_given(_l("Enter a number of hours, 0 for none"))],
        most=720,
    )
    organisation_cap = NumberField(_l("Places for one organisation"), [Optional()], least=1)
    review_days = NumberField(_l("Days in which you decide about a review"), [Optional()], least=1, most=365)
    has_second_reviewer = BooleanField(_l("A second organiser confirms each refusal"))

    def __init__(self, *args, event: Event, **kwargs):
        super().__init__(*args, **kwargs)
        self._event = event

    @staticmethod
    def stored(event: Event) -> dict[str, Any]:
        """Return the values that the form's fields show for the event."""
        moments = {name: clock_of(getattr(event, name), event.zone) for name in MOMENTS}
        return {
            **moments,
            **{name: getattr(event, name) for name in RULES},
            "line_order": str(event.line_order),
        }

    def validate(self, extra_validators=None) -> bool:
        """Check the fields, then that registration closes after it opens."""
        if not super().validate(extra_validators):
            return False
        for name in MOMENTS:
            there = self[name].data
            if there is not None and not exists(there, self._event.zone):
                self[name].errors = [DAY_REFUSALS[errors.NoSuchHour]]
        window = self.values(self._event)
        if window["closes_at"] <= window["opens_at"]:
            self.closes_at.errors = [_("Registration has to close after it opens")]
        return not self.errors

    def values(self, event: Event) -> dict[str, Any]:
        """Return the new values of the event's columns, by column name, as the form has them."""
        moments = {name: moment_of(self[name].data, event.zone, getattr(event, name)) for name in MOMENTS}
        plain = {name: self[name].data for name in RULES}
        return {**moments, **plain, "line_order": LineOrder(self.line_order.data)}
