"""Forms about colleagues: inviting somebody, and the roles of a colleague."""

from collections.abc import Collection, Iterable
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import EmailField, Field, RadioField, SelectMultipleField, StringField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import Length, ValidationError
from wtforms.widgets import CheckboxInput

from forum.accounts.enums import Role
from forum.accounts.wording import ROLES
from forum.addresses import is_unsafe_in_header
from forum.events.models import Sector
from forum.web.edits import ShowsStored
from forum.web.forms import TidyForm, is_email, no_web_address, required
from forum.web.identity_numbers import no_identity_number
from forum.web.languages import NAMES, in_language


class TicksField(SelectMultipleField):
    """A field of checkboxes, one for each role or sector."""

    option_widget = CheckboxInput()


class InviteColleagueForm(TidyForm):
    """Somebody who is invited to work on an event."""

    email = EmailField(_l("E-mail address"), [required(_l("Enter the e-mail address")), is_email])
    name = StringField(
        _l("Name"),
        [
            required(_l("Enter the name")),
            Length(max=200, message=_l("Use at most 200 characters")),
            no_web_address,
            no_identity_number,
        ],
    )
    language = RadioField(
        _l("Language of the message and the console"),
        [required(_l("Choose a language"))],
        choices=[SelectChoice(code, name) for code, name in NAMES.items()],
    )
    role = RadioField(_l("Role"), [required(_l("Choose a role"))])
    sectors = TicksField(_l("Sectors of a reviewer"), coerce=int)

    def offer(self, givable: Iterable[Role], sectors: Iterable[Sector]) -> None:
        """Set the roles that can be chosen, and the event's sectors for a reviewer."""
        self.role.choices = _choices(givable)
        self.sectors.choices = _sectors(sectors)

    def validate_sectors(self, field: Field) -> None:
        """Refuse a reviewer without sectors, and sectors for another role: sectors restrict reviewers only."""
        _refuse_sectors(field, is_reviewer=self.role.data == Role.REVIEWER)

    def validate_name(self, field: Field) -> None:
        """Refuse a name that the header of a mail cannot hold."""
        if is_unsafe_in_header(field.data or ""):
            raise ValidationError(_("Enter the name without =? and ?="))


class RolesForm(ShowsStored, TidyForm):
    """The roles of a colleague for an event and for all events; only admins of all events have the second field."""

    here = TicksField(_l("Roles for this event"))
    sectors = TicksField(_l("Sectors of a reviewer"), coerce=int)
    everywhere = TicksField(_l("Roles for all events"))

    def offer(
        self,
        *,
        here: Iterable[Role],
        sectors: Iterable[Sector],
        held_sectors: Iterable[int],
        everywhere: Collection[Role] | None,
    ) -> None:
        """Set the roles and sectors that can be ticked; None for `everywhere` leaves roles for all events out.

        `held_sectors` are the reviewer's present sectors. They may stay ticked when the role of reviewer is taken away.
        """
        self.here.choices = _choices(here)
        self.sectors.choices = _sectors(sectors)
        self.held_sectors = set(held_sectors)
        if everywhere is None:
            del self.everywhere
        else:
            self.everywhere.choices = _choices(everywhere)

    def validate_sectors(self, field: Field) -> None:
        """Refuse a reviewer without sectors, and sectors for others: sectors restrict reviewers only."""
        is_reviewer = Role.REVIEWER in (self.here.data or ())
        if is_reviewer or set(field.data or ()) - self.held_sectors:
            _refuse_sectors(field, is_reviewer=is_reviewer)

    def chosen(self) -> set[Role]:
        """Return the roles that are ticked for the event."""
        return set(map(Role, self.here.data or ()))

    def chosen_everywhere(self) -> set[Role] | None:
        """Return the roles that are ticked for all events; None when the form does not have them."""
        return set(map(Role, self.everywhere.data or ())) if "everywhere" in self else None


def _refuse_sectors(field: Field, *, is_reviewer: bool) -> None:
    if is_reviewer and not field.data:
        raise ValidationError(_("Choose at least one sector for the reviewer"))
    if field.data and not is_reviewer:
        raise ValidationError(_("Only the role reviewer has sectors: choose that role, or no sector"))


def _sectors(listed: Iterable[Sector]) -> list[Any]:
    return [SelectChoice(sector.id, in_language(sector.name)) for sector in listed]


def _choices(listed: Iterable[Role]) -> list[Any]:
    return [SelectChoice(role.value, ROLES[role]) for role in listed]
