"""The kinds and states of a mailing, and the states of its recipients."""

from enum import StrEnum


class MailingKind(StrEnum):
    """The occasion of a mailing; each kind has a mail of its own."""

    EVENT_CHANGED = "event_changed"


class MailingStatus(StrEnum):
    """The state of a mailing.

    proposed → sending ⇄ paused, then done, or stopped by an organiser. A proposed mailing may be dismissed. A newer
    change of the event supersedes a mailing that is sending or paused.
    """

    PROPOSED = "proposed"
    SENDING = "sending"
    PAUSED = "paused"
    DONE = "done"
    STOPPED = "stopped"
    SUPERSEDED = "superseded"
    DISMISSED = "dismissed"


class RecipientStatus(StrEnum):
    """The state of a recipient: waiting for the mail to be made, queued in the outbox, or left out for good."""

    WAITING = "waiting"
    QUEUED = "queued"
    LEFT_OUT = "left_out"


OPEN = (MailingStatus.PROPOSED, MailingStatus.SENDING, MailingStatus.PAUSED)
STARTED = (MailingStatus.SENDING, MailingStatus.PAUSED)
