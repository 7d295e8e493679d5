"""The form for an organisation."""

import re
from collections.abc import Iterator
from typing import Any

from flask_babel import lazy_gettext as _l
from wtforms import BooleanField, FormField, SelectField, StringField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import Optional, ValidationError

from forum import addresses
from forum.console.settings_fields import NumberField, Row, SettingsForm, at_most
from forum.events.models import Event
from forum.organisations.actions import Written
from forum.registration.limits import PUBLIC_PROVIDERS
from forum.registration.names import organisation_key
from forum.registration.organisation_models import LONGEST_NAME
from forum.web.countries import CountryField
from forum.web.forms import LinesField, required
from forum.web.identity_numbers import no_identity_number
from forum.web.languages import in_language

MOST_ALIASES, MOST_DOMAINS = 50, 20
# Endings below which organisations that have nothing to do with each other register domains, such as co.uk.
SHARED = re.compile(
    r"(ac|co|com|edu|gov|net|org)\.[a-z]{2}"
    r"|(kommune|priv)\.no|(parti|pp|press|tm)\.se|aland\.fi|(ltd|me|nhs|plc|police|sch)\.uk"
)


class SectorCaps(Row):
    """The part of an organisation's form with its places by sector; `OrganisationForm` adds a field for each sector."""


class OrganisationForm(SettingsForm):
    """The form for an organisation; its sectors are those of the event."""

    name = StringField(
        _l("Name"),
        [required(_l("Enter the name of the organisation")), at_most(LONGEST_NAME), no_identity_number],
    )
    aliases = LinesField(_l("Other names and spellings"))
    domains = LinesField(_l("Mail domains"))
    country = CountryField(_l("Country"))
    sector = SelectField(_l("Sector"))
    cap = NumberField(_l("Most places"), [Optional()], least=1)
    sector_caps = FormField(SectorCaps, _l("Most places in a sector"))
    is_suggested = BooleanField(_l("Suggest the name on the form"))

    def __init__(self, formdata: Any = None, *, event: Event, **kwargs: Any) -> None:
        self._event = event
        super().__init__(formdata, **kwargs)
        named = [SelectChoice(sector.key, in_language(sector.name)) for sector in event.sectors]
        self.sector.choices = [SelectChoice("", _l("No sector in particular")), *named]

    def process(self, *args: Any, **kwargs: Any) -> None:
        """Add a cap field for each of the event's sectors, then fill all fields in."""
        fields = {
            sector.key: NumberField(in_language(sector.name), [Optional()], least=1)
            for sector in self._event.sectors
        }
        self.sector_caps.form_class = type("SectorCaps", (SectorCaps,), fields)
        super().process(*args, **kwargs)

    @staticmethod
    def stored(written: Written) -> dict[str, Any]:
        """Return the values that the form's fields show for the stored organisation."""
        return {
            **{name: getattr(written, name) for name in ("name", "country", "sector", "cap", "is_suggested")},
            "sector_caps": dict(written.sector_caps),
            "aliases": "\n".join(written.aliases),
            "domains": "\n".join(written.domains),
        }

    def written(self) -> Written:
        """Return the organisation as typed in the form."""
        return Written(
            name=self.name.data or "",
            aliases=tuple(_lines(self.aliases.data)),
            domains=tuple(dict.fromkeys(map(_domain, _lines(self.domains.data)))),
            country=self.country.data or "",
            sector=self.sector.data or "",
            cap=self.cap.data,
            is_suggested=bool(self.is_suggested.data),
            sector_caps=tuple((key, cap) for key, cap in self.sector_caps.data.items() if cap),
        )

    def validate_name(self, field: StringField) -> None:
        """Refuse a name of which nothing is left when it is folded for comparing, such as an accent alone."""
        if field.data and not organisation_key(field.data):
            raise ValidationError(_l("Write the name with letters or digits"))

    def validate_aliases(self, field: LinesField) -> None:
        """Refuse aliases that are too many or too long, and one without a letter or digit."""
        lines = list(_lines(field.data))
        if len(lines) > MOST_ALIASES or any(len(line) > LONGEST_NAME for line in lines):
            raise ValidationError(
                _l("Write at most 50 names of at most 200 characters, each on a line of its own")
            )
        if not all(map(organisation_key, lines)):
            raise ValidationError(_l("Write each name with letters or digits"))

    def validate_domains(self, field: LinesField) -> None:
        """Refuse too many domains, text that is no domain, and a provider at which anybody can have an address."""
        lines = list(_lines(field.data))
        if len(lines) > MOST_DOMAINS:
            raise ValidationError(_l("Write at most 20 domains, each on a line of its own"))
        for line in lines:
            domain = _domain(line)
            if "." not in domain or domain.rpartition(".")[2].isdecimal():
                raise ValidationError(_l("Write each domain like example.org, on a line of its own"))
            if any(f".{domain}".endswith(f".{provider}") for provider in PUBLIC_PROVIDERS):
                told = _l(
                    "%(domain)s is a public mail provider: anybody can have an address there", domain=domain
                )
                raise ValidationError(told)
            if SHARED.fullmatch(domain):
                told = _l(
                    "Below %(domain)s each organisation has a domain of its own: write that", domain=domain
                )
                raise ValidationError(told)


class MergeOrganisationForm(SettingsForm):
    """The form for the cap (the most places) that an organisation has after another one is merged into it."""

    cap = NumberField(_l("Most places"), [Optional()], least=1)


def _lines(text: str | None) -> Iterator[str]:
    """Yield the lines of a text that are not blank, without white space at their ends."""
    return filter(None, map(str.strip, (text or "").split("\n")))


def _domain(line: str) -> str:
    """Return a domain in its normal form, "" for text that is none; "@example.org" becomes "example.org"."""
    try:
        return addresses.split(f"name@{line.removeprefix('@')}")[1]
    except addresses.NotAnAddress:
        return ""
