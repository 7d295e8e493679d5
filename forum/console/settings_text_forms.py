"""The forms for an event's organiser and help lines, and for the texts of its front page."""

from datetime import time
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import EmailField, SelectField, StringField, TelField, URLField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import Optional, Regexp

from forum.columns import Text
from forum.console.settings_fields import (
    AreaTexts,
    HourField,
    LineTexts,
    LongTexts,
    Row,
    RowsField,
    SettingsForm,
    TextsField,
    at_most,
    leads_somewhere,
    validate_filled,
)
from forum.events.hours import read_hours
from forum.events.models import Event
from forum.web.countries import CountryField
from forum.web.forms import is_email
from forum.web.identity_numbers import no_identity_number

CALLED = r"^[+0-9 ()./-]*$"
IS_CALLED = (at_most(30), Regexp(CALLED, message=_l("Enter a telephone number")))


class HelpLineRow(Row):
    """The fields for a help line: the numbers to call in a country, and where to report."""

    country = CountryField(_l("Country"))
    emergency = TelField(_l("Emergency"), IS_CALLED)
    police = TelField(_l("Police"), IS_CALLED)
    children = TelField(_l("Helpline for children"), IS_CALLED)
    report = TextsField(LineTexts, _l("Where to report, by name"), longest=100)
    url = URLField(_l("Link for reports"), [at_most(300), leads_somewhere])

    def entry(self) -> dict[str, Any]:
        """Return the help line as the event stores it; parts that are not known are left out."""
        told = {name: self[name].data for name in ("emergency", "police", "children")}
        line = {"country": self.country.data, **{name: number for name, number in told.items() if number}}
        report = {"name": dict(self.report.text), "url": self.url.data}
        return {**line, "report": report} if self.url.data else line

    def validate(self, extra_validators=None) -> bool:
        """Check the fields, and that a name and a link for reports come together."""
        is_valid = super().validate(extra_validators)
        if not self.country.data:
            self.country.errors = [_("Choose the country of these numbers")]
        if self.report.text and not self.url.data:
            self.url.errors = [_("Enter the link too, or empty the name")]
        if self.url.data and not self.report.text:
            next(iter(self.report.form)).errors = [_("Enter what the link is called")]
        return is_valid and not self.errors


class ContactRow(Row):
    """The fields for a person whom visitors can ask."""

    name = StringField(_l("Name"), [at_most(100), no_identity_number])
    role = TextsField(LineTexts, _l("Role"), longest=100)
    contact_email = EmailField(_l("E-mail address"), [Optional(), is_email])
    phone = TelField(_l("Telephone"), IS_CALLED)

    def entry(self) -> dict[str, Any]:
        """Return the contact as the event stores it; parts that are not known are left out."""
        told = {"name": self.name.data, "role": dict(self.role.text)}
        told |= {"email": self.contact_email.data, "phone": self.phone.data}
        return {name: value for name, value in told.items() if value}

    def validate(self, extra_validators=None) -> bool:
        """Check the fields, and that the contact has a name and can be reached."""
        is_valid = super().validate(extra_validators)
        if not self.name.data:
            self.name.errors = [_("Enter the person’s name")]
        if not self.contact_email.data and not self.phone.data and not self.contact_email.errors:
            self.contact_email.errors = [_("Enter an e-mail address or a telephone number")]
        return is_valid and not self.errors


class OrganiserForm(SettingsForm):
    """The form for the organiser of the event, and for the help lines."""

    organiser_name = TextsField(LineTexts, _l("Name"), longest=150)
    postal_line = StringField(_l("Postal address"), [at_most(150)])
    postal_code = StringField(_l("Postal code"), [at_most(20)])
    town = StringField(_l("Town"), [at_most(100)])
    country = CountryField(_l("Country"))
    organiser_phone = TelField(_l("Telephone"), IS_CALLED)
    organiser_url = URLField(_l("Website"), [at_most(300), leads_somewhere])
    contacts = RowsField(ContactRow, _l("Contacts"), most=20)
    help_lines = RowsField(HelpLineRow, _l("Help lines"), most=20)

    def __init__(self, *args, event: Event, **kwargs):
        super().__init__(*args, **kwargs)
        if not self.is_submitted():
            self.contacts.offer_blank()
            self.help_lines.offer_blank()

    @staticmethod
    def stored(event: Event) -> dict[str, Any]:
        """Return the values that the form's fields show for the event."""
        address = event.organiser_address
        return {
            "organiser_name": dict(event.organiser_name),
            "postal_line": address.get("street", ""),
            **{name: address.get(name, "") for name in ("postal_code", "town", "country")},
            "organiser_phone": event.organiser_phone or "",
            "organiser_url": event.organiser_url or "",
            "contacts": [_shown_contact(contact) for contact in event.contacts],
            "help_lines": [_shown_line(line) for line in event.help_lines],
        }

    def validate(self, extra_validators=None) -> bool:
        """Check the fields; a blank contact or help line is left out."""

        def check(extra) -> bool:
            return validate_filled(self.help_lines, super(OrganiserForm, self).validate, extra)

        return validate_filled(self.contacts, check, extra_validators)

    def values(self, _event: Event) -> dict[str, Any]:
        """Return the new values of the event's columns, by column name, as the form has them."""
        told = {"street": self.postal_line.data, "postal_code": self.postal_code.data}
        address = {**told, "town": self.town.data, "country": self.country.data}
        return {
            "organiser_name": self.organiser_name.text,
            "organiser_address": {name: words for name, words in address.items() if words},
            "organiser_phone": self.organiser_phone.data or None,
            "organiser_url": self.organiser_url.data or None,
            "contacts": [row.form.entry() for row in self.contacts.entries],
            "help_lines": [row.form.entry() for row in self.help_lines.entries],
        }


class FactRow(Row):
    """The fields for a fact of the front page, such as what taking part costs."""

    label = TextsField(LineTexts, _l("Heading"), longest=60, missing=_l("Enter a heading"))
    value = TextsField(AreaTexts, _l("Text"), longest=600, missing=_l("Enter a text"))


class PointRow(Row):
    """The fields for a point of the programme on the front page."""

    day = SelectField(_l("Day"), choices=[], validate_choice=True)
    starts = HourField(_l("Starts"), [Optional()])
    title = TextsField(LineTexts, _l("Heading"), longest=120, missing=_l("Enter a heading"))
    text = TextsField(AreaTexts, _l("Text"), longest=600)

    @property
    def is_blank(self) -> bool:
        """Whether nothing has been written in the row; its day does not count, because some day is always chosen."""
        return not self.starts.data and not self.title.text and not self.text.text

    def entry(self) -> dict[str, Any]:
        """Return the point as the event stores it."""
        point: dict[str, Any] = {"title": dict(self.title.text), "text": dict(self.text.text)}
        if self.day.data:
            point["day"] = int(self.day.data)
        return {**point, "starts": self.starts.data.isoformat("minutes")} if self.starts.data else point


class FrontTextsForm(SettingsForm):
    """The form for the texts of the front page."""

    lead = TextsField(AreaTexts, _l("Lead"), longest=300, missing=_l("Enter a lead"))
    sharing = TextsField(LongTexts, _l("How places are shared"), longest=5000)
    facts = RowsField(FactRow, _l("Facts"), most=20)
    programme_points = RowsField(PointRow, _l("What the days hold"), most=40)

    def __init__(self, *args, event: Event, **kwargs):
        super().__init__(*args, **kwargs)
        if not self.is_submitted():
            self.facts.offer_blank()
            self.programme_points.offer_blank()
        numbers = range(1, len(read_hours(event)) + 1)
        days = [SelectChoice("", _("No day")), *(SelectChoice(str(n), str(n)) for n in numbers)]
        for row in self.programme_points.entries:
            # Offer the stored day even if the event no longer has that day: a point of the programme keeps its day
            # until another is chosen.
            strange = [n for n in (row.form.day.object_data,) if n and n not in map(str, numbers)]
            row.form.day.choices = [*days, *(SelectChoice(n, n) for n in strange)]

    @staticmethod
    def stored(event: Event) -> dict[str, Any]:
        """Return the values that the form's fields show for the event."""
        return {
            "lead": dict(event.lead),
            "sharing": dict(event.sharing),
            "facts": [{name: dict(fact[name]) for name in ("label", "value")} for fact in event.facts],
            "programme_points": [_shown_point(point) for point in event.programme_points],
        }

    def validate(self, extra_validators=None) -> bool:
        """Check the fields; a blank row is left out."""

        def check(extra) -> bool:
            return validate_filled(self.programme_points, super(FrontTextsForm, self).validate, extra)

        return validate_filled(self.facts, check, extra_validators)

    def values(self, _event: Event) -> dict[str, Any]:
        """Return the new values of the event's columns, by column name, as the form has them."""
        facts = [
            {name: dict(row.form[name].text) for name in ("label", "value")} for row in self.facts.entries
        ]
        return {
            "lead": self.lead.text,
            "sharing": self.sharing.text,
            "facts": facts,
            "programme_points": [row.form.entry() for row in self.programme_points.entries],
        }


def _shown_contact(contact: dict[str, Any]) -> dict[str, Any]:
    told = {name: contact.get(name, "") for name in ("name", "phone")}
    return {**told, "contact_email": contact.get("email", ""), "role": dict(contact.get("role", {}))}


def _shown_line(line: dict[str, Any]) -> dict[str, Any]:
    report = line.get("report", {})
    told = {name: line.get(name, "") for name in ("country", "emergency", "police", "children")}
    return {**told, "report": dict(report.get("name", {})), "url": report.get("url", "")}


def _shown_point(point: dict[str, Any]) -> dict[str, Any]:
    starts = point.get("starts")
    return {
        "day": str(point.get("day", "")),
        "starts": time.fromisoformat(starts) if starts else None,
        "title": dict(Text(point["title"])),
        "text": dict(Text(point["text"])),
    }
