"""Enumerations of events: sector policies, the order of lists, readers of the list of participants, states."""

from enum import StrEnum


class SectorPolicy(StrEnum):
    """How a sector accepts registrations.

    open: first come, first served; review: an organiser decides; invitation: not by the public form.
    """

    OPEN = "open"
    REVIEW = "review"
    INVITATION = "invitation"


class SectorTemplate(StrEnum):
    """The sectors with which a new event begins."""

    NORDIC = "nordic"  # the event begins with five sectors: politics, justice, IT and telecom, NGOs, other
    OPEN = "open"  # the event begins with one sector for everybody
    BLANK = "blank"  # the event begins without a sector


class LineOrder(StrEnum):
    """The order in which the people on an event's waiting list are offered places (`registration.line`)."""

    TIME = "time"  # places are offered in the order of asking
    # Places go to sectors that hold fewer than are kept for them, then to organisations without any, then by time.
    BALANCE = "balance"


class NameOrder(StrEnum):
    """The alphabet by which an event's people and organisations are sorted (`registration.names`)."""

    SWEDISH = "swedish"  # for Swedish and Finnish: the alphabet ends with z å ä ö
    DANISH = "danish"  # for Danish and Norwegian: the alphabet ends with z æ ø å
    ICELANDIC = "icelandic"  # for Icelandic: á follows a, and the alphabet ends with þ æ ö


class ListAudience(StrEnum):
    """Who may read the list of an event's participants (P15)."""

    OFF = "off"  # the event has no list of participants
    PARTICIPANTS = "participants"  # participants with a place read the list, signed in to their own page
    PUBLIC = "public"  # everybody reads the list, on the web


class RegistrationState(StrEnum):
    """The state of an event's registration (`events.queries.registration_state`)."""

    ARCHIVE = "archive"  # the event has ended, and another event is the front page
    UNPUBLISHED = "unpublished"
    UPCOMING = "upcoming"
    OPEN = "open"
    CLOSED = "closed"
    CANCELLED = "cancelled"  # organisers have cancelled the event, whether it would be over by now or not
    OVER = "over"  # the event has ended, and is still the front page


class EntryStatus(StrEnum):
    """The status of a calendar entry, which follows from the person's registration (RFC 5545, 3.8.1.11)."""

    TENTATIVE = "TENTATIVE"
    CONFIRMED = "CONFIRMED"
    CANCELLED = "CANCELLED"
