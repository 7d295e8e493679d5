"""The reason of an offer in words: for the person, without mentioning others, and for organisers."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel import ngettext
from flask_babel.speaklater import LazyString

from forum.events.models import Sector
from forum.registration.enums import OfferEnd
from forum.registration.line import Because, PassedOver, rank_by_asking
from forum.registration.wording import ordinal
from forum.web.languages import in_language

FOR_PERSON: Mapping[str, LazyString] = {
    Because.TIME: _l("It is your turn: of those who can take the place, you have waited longest."),
    Because.FLOOR: _l("It is your turn: places are kept for your sector, and you are next in its line."),
    Because.ORGANISATION: _l("It is your turn: organisations that have no place yet come first."),
    Because.HAND: _l("The organisers have chosen to offer you this place."),
}
FOR_ORGANISERS: Mapping[str, LazyString] = {
    Because.TIME: _l("Nobody who could take the place had waited longer."),
    Because.FLOOR: _l("The sector was furthest below its floor."),
    Because.ORGANISATION: _l(
        "The organisation had no place yet, unlike those of people who had waited longer."
    ),
    Because.HAND: _l("An organiser offered the place by hand."),
}
PASSED: Mapping[str, LazyString] = {
    PassedOver.CAP: _l("the organisation has as many places as it can have"),
    PassedOver.ORGANISATION: _l("the organisation has a place already"),
    PassedOver.WITHDRAWN: _l("the offer had just been withdrawn"),
    PassedOver.ADDRESS: _l("the address was not confirmed yet"),
}
ENDS: Mapping[str, LazyString] = {
    OfferEnd.ACCEPTED: _l("Accepted"),
    OfferEnd.DECLINED: _l("Declined by the person"),
    OfferEnd.LAPSED: _l("Ran out"),
    OfferEnd.WITHDRAWN: _l("Withdrawn by an organiser"),
    OfferEnd.CANCELLED: _l("Registration cancelled or declined"),
    OfferEnd.MOVED: _l("Moved to a sector without a free place"),
}


@dataclass(frozen=True)
class Passed:
    """Somebody who had waited longer and was passed over: the registration's id, and why in words."""

    id: int
    why: str


def for_person(why: Mapping[str, Any]) -> LazyString | str:
    """Return why it is this person's turn, in the reader's language; "" if that is unknown.

    Nobody else is named or counted, because the order of the line reveals who is in it.
    """
    return FOR_PERSON.get(why.get("because", ""), "")


def for_organisers(why: Mapping[str, Any], sectors: Sequence[Sector]) -> list[str]:
    """Return in sentences why it was this person's turn."""
    if not why:
        return [_("Why it was this person’s turn was not stored with this offer.")]
    told = [str(FOR_ORGANISERS.get(why["because"], ""))]
    told.append(_rank_text(why))
    if why["below"]:
        told.append(
            ngettext(
                "The sector was %(num)s place below its floor.",
                "The sector was %(num)s places below its floor.",
                why["below"],
            )
        )
    if full := [in_language(sector.name) for sector in sectors if sector.id in why.get("full", ())]:
        told.append(_("Could take nobody: %(sectors)s.", sectors=", ".join(full)))
    return [sentence for sentence in told if sentence]


def _rank_text(why: Mapping[str, Any]) -> str:
    rank = rank_by_asking(why)
    if rank is None:
        return _(
            "In the order that keeps the balance, the person was number %(rank)s in the sector’s line.",
            rank=why["rank"],
        )
    if rank == 1:
        return _("In the order of registering, the person was first in the sector’s line.")
    told = ordinal(rank)
    return _("In the order of registering, the person was %(ordinal)s in the sector’s line.", ordinal=told)


def passed_over(why: Mapping[str, Any]) -> list[Passed]:
    """Return the people in the sector's line who had waited longer and were passed over, as stored with the offer."""
    return [Passed(number, str(PASSED.get(code, ""))) for number, code in why.get("passed", ())]


def end_text(how: str | None, *, is_past: bool = False) -> str:
    """Return in words how an offer has ended, that it is open, or that the time to accept it is over (`is_past`)."""
    if how and how in ENDS:
        return str(ENDS[how])
    return _("The time is over") if is_past else _("Open")
