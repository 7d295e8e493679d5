"""Refusals of mailings; the views word them for people."""

from collections.abc import Sequence


class MailingRefused(Exception):
    """A mailing cannot be sent, or cannot go on."""


class AlreadyDecided(MailingRefused):
    """The mailing is not in the state that the act needs: somebody has sent, stopped or dismissed it already."""


class EventHidden(MailingRefused):
    """The event is not published, or is over, so nobody is written to about it."""


class NobodyToTell(MailingRefused):
    """There is nobody for whom the change is news."""


class WordsMissing(MailingRefused):
    """The organiser's own words lack languages that recipients read; `languages` has their codes."""

    def __init__(self, languages: Sequence[str]) -> None:
        super().__init__(f"no words in: {', '.join(languages)}")
        self.languages = languages
