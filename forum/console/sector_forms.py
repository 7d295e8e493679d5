"""The forms for an event's capacity and its sectors."""

from collections.abc import Sequence
from typing import Any, Self

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import HiddenField, SelectField
from wtforms.fields.choices import SelectChoice

from forum.console.settings_fields import (
    AreaTexts,
    LineTexts,
    NumberField,
    Row,
    RowsField,
    SettingsForm,
    TextsField,
    must_be_given,
)
from forum.events.enums import SectorPolicy
from forum.events.models import Event, Sector
from forum.registration.merging import Limits, propose
from forum.registration.sectors import Fault, FaultKind, Share, shares_of
from forum.web.languages import in_language

POLICIES = {
    SectorPolicy.OPEN: _l("Open"),
    SectorPolicy.INVITATION: _l("By invitation"),
    SectorPolicy.REVIEW: _l("Reviewed"),
}


class ShareRow(Row):
    """The fields for a sector's floor (the places kept for it), ceiling (the most it may take) and policy."""

    key = HiddenField()
    floor = NumberField(_l("Floor"), [must_be_given(_l("Enter the floor, 0 for none"))])
    ceiling = NumberField(_l("Ceiling"), [must_be_given(_l("Enter the ceiling"))])
    policy = SelectField(_l("Who gets in"))

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.policy.choices = policy_choices()

    def share(self) -> Share:
        """Return the sector's floor, ceiling and policy, as typed in the row, as a `Share`."""
        policy = SectorPolicy(self.policy.data)
        return Share(self.key.data or "", self.floor.data, self.ceiling.data, policy)


class PlacesForm(SettingsForm):
    """The form for the event's capacity and for each sector's share of it, in the sectors' order."""

    capacity = NumberField(_l("Places in all"), [must_be_given(_l("Enter how many places there are"))])
    shares = RowsField(ShareRow, _l("Sectors"), most=40)

    @staticmethod
    def stored(event: Event) -> dict[str, Any]:
        """Return the values that the form's fields show for the event."""
        return {"capacity": event.capacity, "shares": [_shown(share) for share in shares_of(event)]}

    @property
    def keys(self) -> list[str]:
        """The keys of the sectors in the order of the rows."""
        return [row.form.key.data for row in self.shares.entries]

    def read_shares(self) -> list[Share]:
        """Return the shares of a valid form, in the order of its rows."""
        return [row.form.share() for row in self.shares.entries]

    def move(self, key: str, step: int) -> None:
        """Swap a sector's row with the row before it (step −1) or after it (1)."""
        rows, keys = [*self.shares.entries], self.keys
        if key in keys and 0 <= (other := keys.index(key) + step) < len(rows):
            own = keys.index(key)
            rows[own], rows[other] = rows[other], rows[own]
            self.shares.put(rows)

    def onto(self, event: Event) -> Self:
        """Return a form for the event's present sectors, with the values typed for those of them that still exist."""
        typed = {row.form.key.data: row.form.data for row in self.shares.entries}
        rows = [{**_shown(share), **typed.get(share.key, {})} for share in shares_of(event)]
        return type(self)(formdata=None, data={"capacity": self.capacity.data, "shares": rows})

    def note_faults(self, faults: Sequence[Fault], event: Event) -> None:
        """Show which limits the typed numbers would break, each at its field."""
        names = {sector.key: in_language(sector.name) for sector in event.sectors}
        rows = {row.form.key.data: row.form for row in self.shares.entries}
        for fault in faults:
            row = rows.get(fault.key)
            if row is None:
                self.capacity.errors = [*self.capacity.errors, fault_words(fault)]
            else:
                field = row.floor if fault.kind == FaultKind.FLOOR_ABOVE_CEILING else row.ceiling
                field.errors = [*field.errors, fault_words(fault, names[fault.key])]
        self.shares.note_errors()


class SectorForm(SettingsForm):
    """The form for a sector's name and its description of who belongs there."""

    name = TextsField(LineTexts, _l("Name"), longest=80, missing=_l("Enter what the sector is called"))
    invited = TextsField(AreaTexts, _l("Who belongs here"), longest=400)

    @staticmethod
    def stored(sector: Sector) -> dict[str, Any]:
        """Return the values that the form's fields show for the sector."""
        return {"name": dict(sector.name), "invited": dict(sector.invited)}

    def texts(self) -> dict[str, Any]:
        """Return the sector's name and description in each language, as typed in the form."""
        return {"name": self.name.text, "invited": self.invited.text}


class NewSectorForm(SectorForm):
    """The form that adds a sector to the event."""

    floor = NumberField(_l("Floor"), [must_be_given(_l("Enter the floor, 0 for none"))], default=0)
    ceiling = NumberField(_l("Ceiling"), [must_be_given(_l("Enter the ceiling"))])
    policy = SelectField(_l("Who gets in"), choices=[])

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.policy.choices = policy_choices()

    def note_faults(self, faults: Sequence[Fault]) -> None:
        """Show at the field for the floor which limits the typed numbers would break."""
        for fault in faults:
            self.floor.errors = [*self.floor.errors, fault_words(fault)]


class MergeSectorForm(SettingsForm):
    """The form for floor (places kept) and ceiling (most places) of a sector into which another one is merged."""

    floor = NumberField(_l("Floor"), [must_be_given(_l("Enter the floor, 0 for none"))])
    ceiling = NumberField(_l("Ceiling"), [must_be_given(_l("Enter the ceiling"))])

    @staticmethod
    def stored(sector: Sector, into: Sector) -> dict[str, Any]:
        """Return the proposed numbers that the form shows, and the shares of both sectors on which they are based."""
        shares = [_shown(share) for share in shares_of(into.event) if share.key in (sector.key, into.key)]
        return {**vars(propose(sector, into)), "shares": shares}

    def limits(self) -> Limits:
        """Return the floor (places kept) and the ceiling (most places) that were typed in a valid form."""
        return Limits(self.floor.data, self.ceiling.data)

    def note_faults(self, faults: Sequence[Fault], name: str) -> None:
        """Show which limits the typed numbers would break, each at its field; `name` names the sector that remains."""
        for fault in faults:
            field = self.ceiling if fault.kind == FaultKind.CEILING_BELOW_TAKEN else self.floor
            field.errors = [*field.errors, fault_words(fault, name)]


def policy_choices() -> list[SelectChoice]:
    """Return the policies that can be chosen."""
    return [SelectChoice(policy.value, name) for policy, name in POLICIES.items()]


def fault_words(fault: Fault, name: str = "") -> str:
    """Return a broken limit in words with its numbers; `name` is the sector's name."""
    given, limit, by = fault.given, fault.limit, abs(fault.limit - fault.given)
    numbers = {"given": given, "limit": limit, "by": by, "name": name}
    if fault.kind == FaultKind.CAPACITY_BELOW_TAKEN:
        return _("%(limit)s places are taken: a capacity of %(given)s is %(by)s too low", **numbers)
    if fault.kind == FaultKind.FLOORS_ABOVE_CAPACITY:
        return _("The floors add up to %(limit)s: a capacity of %(given)s is %(by)s too low", **numbers)
    if fault.kind == FaultKind.CEILING_BELOW_TAKEN:
        return _("%(limit)s have a place in %(name)s: a ceiling of %(given)s is %(by)s too low", **numbers)
    if not name:
        return _("A floor of %(given)s is above the ceiling of %(limit)s", **numbers)
    return _("%(name)s: a floor of %(given)s is above the ceiling of %(limit)s", **numbers)


def _shown(share: Share) -> dict[str, Any]:
    return {**vars(share), "policy": str(share.policy)}
