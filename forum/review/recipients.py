"""Who reads what is decided about a person: the person, a delegation's contact who answers for the person, or nobody.

Whether somebody is protected has no part in it: a person who is reached by an alias or through a contact is told like
anybody else (P20, P21).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from flask_babel import gettext as _

from forum.registration import delegated
from forum.registration.models import Registration


class Who(StrEnum):
    """Who reads a decision."""

    PERSON = "person"
    CONTACT = "contact"
    NOBODY = "nobody"


@dataclass(frozen=True)
class Recipient:
    """Who reads a decision, and in which language; if nobody does, that in which the person would be written to."""

    who: Who
    language: str


def find(registrations: Sequence[Registration]) -> dict[int, Recipient]:
    """Return, by registration id, who reads the decisions about these people."""
    unaddressed = [one.id for one in registrations if not one.has_address]
    contacts = delegated.find_languages_of_contacts(unaddressed)
    return {
        one.id: Recipient(Who.PERSON, one.language)
        if one.has_address
        else Recipient(Who.CONTACT, contacts[one.id])
        if one.id in contacts
        else Recipient(Who.NOBODY, one.language)
        for one in registrations
    }


def of(registration: Registration) -> Recipient:
    """Return who reads the decision about a person."""
    return find([registration])[registration.id]


def news_text(recipient: Recipient) -> str:
    """Return who is written to after a decision, for the organiser who has just made it."""
    if recipient.who == Who.PERSON:
        return _("A message is on its way to the person.")
    return who_is_told(recipient)


def who_is_told(recipient: Recipient) -> str:
    """Return who will be written to, for the organiser who decides."""
    match recipient.who:
        case Who.PERSON:
            return _("A message tells the person so.")
        case Who.CONTACT:
            return _("We write to the contact of the delegation, who answers for the person.")
        case Who.NOBODY:
            return _("The registration has no confirmed e-mail address, so nobody is written to.")


def who_reads_reason(recipient: Recipient) -> str:
    """Return who will read why a registration is declined, for the organiser who declines."""
    match recipient.who:
        case Who.PERSON:
            return _("A message with the reason is sent to the person.")
        case Who.CONTACT:
            return _(
                "We write to the contact of the delegation, who answers for the person and reads the reason on the"
                " delegation’s page."
            )
        case Who.NOBODY:
            return who_is_told(recipient)


def hint_for_words(recipient: Recipient, language: str) -> str:
    """Return where the organisers' own words about a refusal are read, and in which language to write them."""
    match recipient.who:
        case Who.PERSON:
            return _(
                "Sent after the reason, as you write it. The person reads %(language)s.", language=language
            )
        case Who.CONTACT:
            return _(
                "Shown to the contact after the reason, as you write it. The contact reads %(language)s.",
                language=language,
            )
        case Who.NOBODY:
            return _("Kept with the registration after the reason; nobody is sent it.")


def of_many_text() -> str:
    """Return who reads the reasons of many refusals, in words that are true of everybody."""
    return _(
        "Whoever has an address gets a message with the reason. For whoever has none, the contact of their delegation"
        " is written to and reads it, if there is a contact."
    )
