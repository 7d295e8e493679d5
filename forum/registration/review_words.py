"""Texts about a review that people read: when an answer is promised, and why a registration was declined."""

from collections.abc import Mapping

from flask_babel import lazy_gettext as _l
from flask_babel import ngettext
from flask_babel.speaklater import LazyString

from forum.events.enums import SectorPolicy
from forum.events.models import Event
from forum.registration.enums import DeclineReason

CHOICES: Mapping[DeclineReason, LazyString] = {
    DeclineReason.OTHER_SECTOR: _l("Belongs to another sector"),
    DeclineReason.OFF_SUBJECT: _l("Work is too far from the forum’s subject"),
    DeclineReason.ENOUGH_COLLEAGUES: _l("Organisation has enough people there"),
    DeclineReason.TOO_FEW_PLACES: _l("More people than places"),
    DeclineReason.NOT_VERIFIED: _l("Organisation does not know of it, or does not answer"),
    DeclineReason.OTHER: _l("Another reason, in your own words"),
}
# What the person reads about each reason for declining; the organisers explain any other reason in their own words.
TOLD: Mapping[DeclineReason, LazyString] = {
    DeclineReason.OTHER_SECTOR: _l(
        "The reason: from your details, another sector fits better than the one you chose. You are welcome to"
        " register there."
    ),
    DeclineReason.OFF_SUBJECT: _l(
        "The reason: the places in this sector go to people whose work lies closer to the forum’s subject."
    ),
    DeclineReason.ENOUGH_COLLEAGUES: _l(
        "The reason: your organisation already has as many people at the forum as it can have."
    ),
    DeclineReason.TOO_FEW_PLACES: _l(
        "The reason: more people have registered than there are places in this sector."
    ),
    DeclineReason.NOT_VERIFIED: _l(
        "The reason: we could not confirm with your organisation that you take part on its behalf."
    ),
}
# Reasons that a delegation's contact, who answers for the person, reads in other words than the person would.
TOLD_TO_CONTACT: Mapping[DeclineReason, LazyString] = {
    DeclineReason.OTHER_SECTOR: _l(
        "The reason: from the details, another sector fits this person better. You are welcome to register the person"
        " there."
    ),
    DeclineReason.NOT_VERIFIED: _l(
        "The reason: we could not confirm with your organisation that this person takes part on its behalf."
    ),
}


def told(reason: str | None) -> LazyString | str:
    """Return a refusal's reason as the person reads it; "" if only the organisers' own words explain it."""
    return next((words for code, words in TOLD.items() if code == reason), "")


def told_to_contact(reason: str | None) -> str:
    """Return a refusal's reason as a contact reads it who answers for the person; "" as `told` does."""
    return str(next((words for code, words in TOLD_TO_CONTACT.items() if code == reason), told(reason)))


def paragraphs(words: str | None) -> list[list[str]]:
    """Return a text as the lines of each of its paragraphs."""
    return [block.splitlines() for block in (words or "").split("\n\n") if block.strip()]


def promise(event: Event) -> str:
    """Return within how many days organisers promise to decide about a registration; "" without a promise."""
    if event.review_days is None:
        return ""
    return ngettext(
        "You will have an answer within %(num)s day of confirming your address.",
        "You will have an answer within %(num)s days of confirming your address.",
        event.review_days,
    )


def promise_each(event: Event) -> str:
    """Return, for a delegation's contact, when organisers promise to decide about each person; "" without a promise."""
    if event.review_days is None:
        return ""
    return ngettext(
        "Each person will have an answer within %(num)s day of being registered, or of confirming their own address.",
        "Each person will have an answer within %(num)s days of being registered, or of confirming their own address.",
        event.review_days,
    )


def reviewed_sectors(event: Event) -> list[str]:
    """Return the keys of the sectors in which organisers decide about each registration."""
    return [sector.key for sector in event.sectors if sector.policy == SectorPolicy.REVIEW]
