"""Errors that say why a mailing is refused; the views put them into words."""

from collections.abc import Sequence
from datetime import datetime


class MailingRefused(Exception):
    """A mailing cannot be sent, or cannot go on."""


class AlreadyDecided(MailingRefused):
    """The mailing is not in the state that the act needs: somebody has sent, stopped or dismissed it already."""


class EventHidden(MailingRefused):
    """The event is not published, or is over, so nobody is written to about it.

    A message in the organisers' own words can be sent for a while after the event (`mailings.afterwards`).
    """


class NobodyToTell(MailingRefused):
    """There is nobody to write to: the change is news to nobody, or nobody whom the filters find can be written to."""


class WordsMissing(MailingRefused):
    """The organiser's own words lack languages that recipients read; `languages` has their codes."""

    def __init__(self, languages: Sequence[str]) -> None:
        super().__init__(f"no words in: {', '.join(languages)}")
        self.languages = languages


class BegunAlready(MailingRefused):
    """The minute in which a message could be taken back is over: its first mails may have left."""


class DraftAgain(MailingRefused):
    """The message was taken back already: it is a draft."""


class NotAhead(MailingRefused):
    """The moment for sending is not at least a minute ahead, or personal links of the event have ended by then."""


class DayNotAhead(NotAhead):
    """A reminder's day is over, or comes when the event has begun; `due` is the moment."""

    def __init__(self, due: datetime) -> None:
        super().__init__(f"due at {due}")
        self.due = due


class DayOver(DayNotAhead):
    """The moment at which the reminder would leave has passed."""


class DayTooLate(DayNotAhead):
    """The event has begun when the reminder would leave."""


class SubjectTells(MailingRefused):
    """The subject names the event or its town, which had other names when the subject was written."""


class NothingFailed(MailingRefused):
    """No mail of the mailing has failed, so none can be sent again."""


class Planned(MailingRefused):
    """The message is in the plan of reminders: it leaves on its day, so organisers cannot send it by hand."""


class NeedsFilters(MailingRefused):
    """A reminder counted from each registration needs filters: people chosen one by one cannot get it."""


class ReminderOver(MailingRefused):
    """The message is a reminder whose time is over: it leaves within twelve hours of its hour or not at all."""
