"""Gaps in the texts of an event's questions."""

from collections.abc import Iterator

from flask_babel import gettext as _
from flask_babel import ngettext

from forum.console.checks import Check, State, link
from forum.console.question_rows import missing_of
from forum.events.models import Event
from forum.questions import queries
from forum.questions.models import Question
from forum.web.languages import in_language, language_name

NAMED_AT_MOST = 3


def question_checks(event: Event) -> Iterator[Check]:
    """Yield a check for the questions that the event asks; no check if it asks none."""
    asked = _asked(event)
    lacking = [in_language(one.label) for one in asked if missing_of(one, event.offered_languages)]
    url = link("questions.index", event=event.slug)
    if lacking:
        named = ", ".join(f"“{label}”" for label in lacking[:NAMED_AT_MOST])
        words = ngettext(
            "%(num)s question lacks a language: %(named)s",
            "%(num)s questions lack a language: %(named)s",
            len(lacking),
            named=named if len(lacking) <= NAMED_AT_MOST else f"{named} …",
        )
        yield Check(_("Questions"), State.LATER, words, url, _("Translate"))
    elif asked:
        words = ngettext(
            "%(num)s question in every language.", "%(num)s questions in every language.", len(asked)
        )
        yield Check(_("Questions"), State.DONE, words, url, _("Change"))


def list_untranslated(event: Event) -> list[Check]:
    """Return a check for each question that lacks a language of the event."""
    return [
        _untranslated(event, one, codes)
        for one in _asked(event)
        if (codes := missing_of(one, event.offered_languages))
    ]


def _asked(event: Event) -> list[Question]:
    return [question for question in queries.list_all(event.id) if not question.withdrawn_at]


def _untranslated(event: Event, question: Question, codes: list[str]) -> Check:
    title = _(
        "%(text)s, %(language)s",
        text=in_language(question.label),
        language=", ".join(map(language_name, codes)),
    )
    words = _("Not translated. Visitors read it in another language.")
    url = link("questions.edit", event=event.slug, question=question.id)
    return Check(title, State.LATER, words, url, _("Translate"))
