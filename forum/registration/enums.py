"""Enumerations of registrations: statuses, offers, purposes of personal links and exports, consents and others."""

from enum import StrEnum

from forum.events.enums import EntryStatus


class Status(StrEnum):
    """The status of a registration; see docs/architecture.md, "The registration's life"."""

    PENDING = "pending"
    IN_REVIEW = "in_review"
    WAITING = "waiting"
    OFFERED = "offered"
    CONFIRMED = "confirmed"
    CANCELLED = "cancelled"
    EXPIRED = "expired"
    DECLINED = "declined"


LIVE = (Status.PENDING, Status.IN_REVIEW, Status.WAITING, Status.OFFERED, Status.CONFIRMED)
# The statuses that a registration can have once approved; it keeps them while a later change is reviewed.
APPROVED = (Status.WAITING, Status.OFFERED, Status.CONFIRMED)
ENDED = (Status.CANCELLED, Status.EXPIRED, Status.DECLINED)
IN_CALENDAR = {
    **dict.fromkeys(LIVE, EntryStatus.TENTATIVE),
    **dict.fromkeys(ENDED, EntryStatus.CANCELLED),
    Status.CONFIRMED: EntryStatus.CONFIRMED,
}


class Group(StrEnum):
    """A group of statuses, for a filter of the organisers' list."""

    PLACE = "place"  # registrations with a place: confirmed, or held until an address is confirmed or an offer accepted
    HELD = "held"  # registrations that hold a place that is not confirmed yet
    UNHELD = "unheld"  # registrations whose address is not confirmed, and for which no place is held
    ENDED = "ended"


class AddressState(StrEnum):
    """Whether a registration has a confirmed e-mail address, for a filter of the organisers' list."""

    CONFIRMED = "confirmed"
    ENTERED = "entered"  # an address was entered, and the link that was sent there can still be followed
    NONE = "none"


class Membership(StrEnum):
    """Whether a registration belongs to a delegation, for a filter of the organisers' list."""

    ANY = "any"
    NONE = "none"


class RestrictionKind(StrEnum):
    """What a person asks for: restriction of processing (Art. 18 GDPR), or an objection to it (Art. 21)."""

    RESTRICTION = "restriction"
    OBJECTION = "objection"


class RestrictionState(StrEnum):
    """The state of a request for restriction or an objection; the restriction applies while it is granted."""

    OPEN = "open"
    GRANTED = "granted"
    DECLINED = "declined"
    TAKEN_BACK = "taken_back"
    LIFTED = "lifted"


class OfferMaker(StrEnum):
    """How the person who is offered a place was chosen: by the waiting list's order, or by an organiser."""

    RULE = "rule"
    ORGANISER = "organiser"


class OfferEnd(StrEnum):
    """How an offer has ended."""

    ACCEPTED = "accepted"
    DECLINED = "declined"  # the person refused the place, and thereby left the waiting list
    LAPSED = "lapsed"  # the deadline of the offer has passed
    WITHDRAWN = "withdrawn"  # an organiser has withdrawn the offer; the person waits again
    CANCELLED = "cancelled"  # the registration was cancelled, or declined by organisers
    MOVED = "moved"  # the person has moved to a sector in which no place is held for them


class DeclineReason(StrEnum):
    """Why a registration in review was declined; `registration.review_words` puts each into words."""

    OTHER_SECTOR = "other_sector"
    OFF_SUBJECT = "off_subject"
    ENOUGH_COLLEAGUES = "enough_colleagues"
    TOO_FEW_PLACES = "too_few_places"
    NOT_VERIFIED = "not_verified"
    OTHER = "other"


class TokenPurpose(StrEnum):
    """What a personal link is for; each link does one thing only (S19)."""

    CONFIRM = "confirm"
    MANAGE = "manage"
    OWN_DATA = "own_data"  # a mailed link that opens the page of all of the person's data, once
    # A token that is in the session cookie while the page of OWN_DATA is open.
    OWN_DATA_PAGE = "own_data_page"
    CALENDAR = "calendar"  # the secret address of a feed that calendar programs read by themselves


class ConsentPurpose(StrEnum):
    """What a person may consent to; each consent is separate, optional and withdrawable (P03)."""

    PARTICIPANT_LIST = "participant_list"
    PHOTOGRAPHS = "photographs"


class ListedAs(StrEnum):
    """Which data the list of participants shows of a person who has consented to it (P15)."""

    NAME = "name"  # the list shows the person's name and organisation
    ORGANISATION = "organisation"  # the list shows the person's organisation only


class ExportPurpose(StrEnum):
    """The purpose of an exported list of people; it decides the list's columns."""

    DOOR = "door"
    BADGES = "badges"
    GROUPS = "groups"
    CONTACT = "contact"
    REPORT = "report"
    EVERYTHING = "everything"


class ExportRecipient(StrEnum):
    """The recipient of an exported list. Kitchens and venues are not among them: they get numbers, not names (P06)."""

    OFFICE = "office"
    CO_ORGANISER = "co_organiser"
    PROCESSOR = "processor"
    AUTHORITY = "authority"


class ExportColumns(StrEnum):
    """The columns of an exported list: its purpose's own, or those that the list shows."""

    NEEDED = "needed"
    CHOSEN = "chosen"


class ExportShape(StrEnum):
    """The form in which a list is exported: a file, named by its ending, or a page to print."""

    XLSX = "xlsx"
    CSV = "csv"
    PAPER = "paper"
    PDF = "pdf"


class KeptShape(StrEnum):
    """The form of a list that the worker prepares. A PDF or a page to print is always made at once instead."""

    XLSX = "xlsx"
    CSV = "csv"
    PAPER = "paper"


class LiftReason(StrEnum):
    """Why an organiser takes the mark off an address; a fixed list, so that no name gets into the audit trail."""

    MENDED = "mended"
    ASKED = "asked"
    MISTAKEN = "mistaken"
