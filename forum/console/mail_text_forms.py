"""The form of the words that organisers change in a standard mail, and the refusals of its words."""

from collections.abc import Mapping, Sequence
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel import ngettext
from wtforms import Field, StringField

from forum.addresses import is_unsafe_in_header
from forum.console.settings_fields import at_most
from forum.events.models import Event
from forum.mailings.mail_texts import Words
from forum.outbox import neutral, passages, placeholders
from forum.outbox.passages import CLOSING, LONGEST_PASSAGE, LONGEST_SUBJECT, PASSAGES, SUBJECT
from forum.web.edits import ShowsStored
from forum.web.forms import LinesField, TidyForm


class MailTextForm(ShowsStored, TidyForm):
    """The form for subject, opening and closing of one kind of mail in one language."""

    subject = StringField(_l("Subject"), [at_most(LONGEST_SUBJECT)])
    opening = LinesField(_l("First sentences"), [at_most(LONGEST_PASSAGE)])
    closing = LinesField(_l("Last sentences"), [at_most(LONGEST_PASSAGE)])

    def __init__(self, *args: Any, event: Event, kind: str, language: str, standard: Words, **kwargs: Any):
        super().__init__(*args, **kwargs)
        self.event, self.kind, self.standard = event, kind, standard
        for name in PASSAGES:
            self[name].render_kw = {"lang": language}

    def words(self) -> dict[str, str]:
        """Return what was typed, by the part of the mail."""
        return {name: self[name].data or "" for name in PASSAGES}

    def validate(self, extra_validators: Mapping[str, Any] | None = None) -> bool:
        """Refuse empty parts, a subject that tells where somebody is, and placeholders that are unknown or missing."""
        is_valid = super().validate(extra_validators)
        for name in PASSAGES:
            field: Field = self[name]
            if field.errors or field.data == self.standard[name]:
                continue
            if problem := self._refusal_of(name, field.data or ""):
                field.errors = [problem]
                is_valid = False
        return is_valid

    def _refusal_of(self, name: str, words: str) -> str:
        if not words and name != CLOSING:
            return _("Write something here, or go back to the standard words")
        if name == SUBJECT:
            return refusal_of_subject(self.event, words)
        if refusal := refusal_of_placeholders(words, passages.known(self.kind, name)):
            return refusal
        missing = placeholders.find_missing(words, passages.needed(self.kind, name))
        if not missing:
            return ""
        names = ", ".join(f"{{{each}}}" for each in missing)
        return _(
            "Keep %(placeholder)s: without it, nobody could know what the message says", placeholder=names
        )


def refusal_of_subject(event: Event, subject: str) -> str:
    """Return why a mail about the event cannot have this subject, "" if it can."""
    if is_unsafe_in_header(subject):
        return _("Type the subject by hand: it contains characters that a subject cannot have")
    if placeholders.has_any(subject):
        return _("Use placeholders in the text only, not in the subject")
    if word := neutral.find_telling(event, subject):
        return _(
            "Leave “%(word)s” out: it is part of the name of the forum, organiser or place, and others may see it",
            word=word,
        )
    return ""


def refusal_of_placeholders(words: str, known: Sequence[str] = placeholders.KNOWN) -> str:
    """Return why the words cannot have these placeholders, naming the unknown ones; "" if all are known."""
    unknown = placeholders.find_unknown(words, known)
    if not unknown:
        return ""
    return ngettext(
        "%(unknown)s is no placeholder. These are: %(known)s",
        "%(unknown)s are no placeholders. These are: %(known)s",
        len(unknown),
        unknown=", ".join(unknown),
        known=", ".join(f"{{{name}}}" for name in known),
    )
