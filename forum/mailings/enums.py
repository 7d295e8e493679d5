"""The kinds and states of a mailing, and the states of its recipients."""

from enum import StrEnum


class MailingKind(StrEnum):
    """The occasion of a mailing; each kind has a mail of its own."""

    EVENT_CHANGED = "event_changed"
    OWN_WORDS = "own_words"  # a message that organisers write to people whom they choose


class MailingStatus(StrEnum):
    """The state of a mailing; a proposed one in the organisers' own words is a draft.

    proposed → sending ⇄ paused, then done, or stopped: by an organiser, or by the worker once the event is over. A
    proposed mailing may be dismissed. A newer change of the event supersedes a mailing that is sending or paused. A
    mailing that is done is sending again when failed mails are made anew, or when a reminder has further people.
    """

    PROPOSED = "proposed"
    SENDING = "sending"
    PAUSED = "paused"
    DONE = "done"
    STOPPED = "stopped"
    SUPERSEDED = "superseded"
    DISMISSED = "dismissed"


class RecipientStatus(StrEnum):
    """The state of a recipient: waiting for the mail to be made, queued in the outbox, or left out for good.

    A draft to people who were chosen one by one has these people as recipients in the state `chosen`. Somebody in the
    state `omitted` was left out when the recipients were fixed, and is no recipient. People who are `omitted` without a
    reason were left out when the mail should have been made (`chosen_audience.is_left_out_everywhere`), and no page
    names them.
    """

    CHOSEN = "chosen"
    WAITING = "waiting"
    QUEUED = "queued"
    LEFT_OUT = "left_out"
    OMITTED = "omitted"


class LeftOut(StrEnum):
    """Why a person gets no message that organisers have written."""

    ENDED = "ended"
    UNCONFIRMED = "unconfirmed"
    RESTRICTED = "restricted"
    NO_ADDRESS = "no_address"
    UNSUBSCRIBED = "unsubscribed"
    SUPPRESSED = "suppressed"
    NO_LANGUAGE = "no_language"
    # A message to people who have not answered a question: this person has answered before the mail was made, or is
    # not asked the question any more. Not stored if the question is about diet or access.
    ANSWERED = "answered"
    # A reminder that had begun: its time was over before the person's mail could leave (`mailings.reminder_times`).
    LATE = "late"


class Anchor(StrEnum):
    """The event or act from which a reminder's day is counted."""

    START = "start"  # the reminder leaves a number of days before the event begins
    REGISTERED = "registered"  # the reminder leaves a number of days after each person has confirmed


class Skipped(StrEnum):
    """Why a reminder did not leave."""

    LATE = "late"  # the hour for sending was missed, or the event had begun
    NOBODY = "nobody"
    WORDS = "words"  # the text is missing in a language that recipients read
    SUBJECT = "subject"  # the subject names the forum or its town
    FILTER = "filter"  # a filter of the message refers to something that was removed


class Category(StrEnum):
    """The category of a message to many people; a person can refuse one category and get the other."""

    PRACTICAL = "practical"  # messages about the event for which the person is registered
    FURTHER = "further"  # messages beyond the person's event: news and invitations


class Refused(StrEnum):
    """The messages that an address refuses: a category, or all. Mails about the own registration always come (M08)."""

    ALL = "messages"
    PRACTICAL = "practical"
    FURTHER = "further"


# The states of people who do not count as recipients: those chosen for a draft, and those omitted.
BESIDE = (RecipientStatus.CHOSEN, RecipientStatus.OMITTED)
OPEN = (MailingStatus.PROPOSED, MailingStatus.SENDING, MailingStatus.PAUSED)
STARTED = (MailingStatus.SENDING, MailingStatus.PAUSED)
