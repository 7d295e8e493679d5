"""The form for the look of an event: the colours of its public pages, its logo and its share picture."""

from typing import Any

from flask_babel import format_decimal
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import StringField
from wtforms.validators import ValidationError

from forum.console.settings_fields import SettingsForm
from forum.events.look import THEMES, Look, dark_for, find_fault, tokens_of
from forum.events.models import Event
from forum.images import queries
from forum.images.offering import ImageField
from forum.web.colours import AA, is_colour

PREFIX = "accent_"
COLUMNS = ("accent_light", "accent_dark", "logo_key", "share_key")


def _as_hex(text: str | None) -> str:
    """Return a typed colour in small letters and with "#" before it."""
    bare = (text or "").strip().removeprefix("#").lower()
    return f"#{bare}" if bare else ""


class LookForm(SettingsForm):
    """The form for colours of light and dark pages, which may be empty, and for two images of the event's library."""

    accent_light = StringField(_l("Colour on light pages"), filters=[_as_hex])
    accent_dark = StringField(_l("Colour on dark pages"), filters=[_as_hex])

    logo_key = ImageField(_l("Logo of the organiser"))
    share_key = ImageField(_l("Picture beside shared links"))

    def offer_images(self, event: Event, number: int) -> None:
        """Offer as choices this many images of the event's library, and the images that are chosen already."""
        stored = [event.logo_key or "", event.share_key or ""]
        self.logo_key.offer(event.id, _("No logo"), stored=stored, number=number)
        none = _("The drawn picture with the ring")
        self.share_key.offer(event.id, none, stored=stored, number=number)

    def has_lost_images(self, event: Event, number: int) -> bool:
        """Return whether a chosen image was removed meanwhile, and add that error to its field.

        The caller has locked the event.
        """
        lost = [
            field
            for field in (self.logo_key, self.share_key)
            if field.data and queries.find_own(event.id, field.data) is None
        ]
        if lost:
            self.offer_images(event, number)
        for field in lost:
            field.refuse_removed()
        return bool(lost)

    @staticmethod
    def stored(event: Event) -> dict[str, Any]:
        """Return the values that the form's fields show for the event."""
        return {name: getattr(event, name) or "" for name in COLUMNS}

    def values(self) -> dict[str, Any]:
        """Return the new values of the event's columns, by column name, as the form has them."""
        return {name: self[name].data or None for name in COLUMNS}

    def validate_accent_light(self, field) -> None:
        """Refuse text that is no colour, too little contrast, and an empty field while dark pages have a colour."""
        if not field.data and self.accent_dark.data:
            raise ValidationError(_("Enter the colour on light pages too, or empty both"))
        _refuse_faint(field)

    def validate_accent_dark(self, field) -> None:
        """Refuse text that is no colour, and a colour with too little contrast."""
        _refuse_faint(field)

    @property
    def nearest(self) -> dict[str, str]:
        """For each typed colour with too little contrast, by theme (light or dark), the nearest colour with enough."""
        faults = {theme: find_fault(colour, theme) for theme, colour in self._colours().items()}
        return {theme: fault.nearest for theme, fault in faults.items() if fault}

    def take_nearest(self) -> None:
        """Replace typed colours with too little contrast by the nearest ones with enough."""
        for theme, colour in self.nearest.items():
            self[PREFIX + theme].data = colour

    def samples(self) -> dict[str, dict[str, str]]:
        """Return by theme (light or dark) the colour of each style token; empty without typed colours."""
        colours = self._colours()
        if "light" not in colours:
            return {}
        light = colours["light"]
        shown = Look(light, colours.get("dark") or dark_for(light))
        return {theme: tokens_of(colour, theme) for theme, colour in vars(shown).items()}

    def _colours(self) -> dict[str, str]:
        """Return by theme (light or dark) the colours that were typed and can be read."""
        typed = {theme: self[PREFIX + theme].data for theme in THEMES}
        return {theme: colour for theme, colour in typed.items() if is_colour(colour)}


def _refuse_faint(field) -> None:
    if not field.data:
        return
    if not is_colour(field.data):
        raise ValidationError(_("Enter a colour such as #14463f"))
    if fault := find_fault(field.data, field.name.removeprefix(PREFIX)):
        raise ValidationError(
            _(
                "The contrast of %(colour)s with the background %(ground)s is %(ratio)s to 1, and text needs"
                " %(least)s to 1. The nearest colour that passes is %(nearest)s.",
                colour=field.data,
                ground=fault.ground,
                ratio=_rounded_down(fault.ratio),
                least=format_decimal(AA),
                nearest=fault.nearest,
            )
        )


def _rounded_down(ratio: float) -> str:
    """Return a contrast in the page's language, with two decimals, never rounded up to the required contrast."""
    return format_decimal(int(ratio * 100) / 100, "0.00")
