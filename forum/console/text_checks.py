"""Gaps in the texts of an event: blanks that nobody has filled in, and languages without a text."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from flask_babel import gettext as _
from flask_babel import ngettext

from forum.columns import Text
from forum.console.checks import Check, State, link
from forum.events import queries as events
from forum.events.drafts import list_blanks
from forum.events.models import Event
from forum.web.languages import in_language, language_name

NAMED_AT_MOST = 3


@dataclass(frozen=True)
class Blanks:
    """The blanks of one text in one language, and where they are filled in."""

    title: str
    code: str  # the code of the language in which the text has blanks
    language: str
    words: tuple[str, ...]
    url: str


def text_checks(event: Event) -> Iterator[Check]:
    """Yield a check for the front page and one for each standing page, in each language.

    A text that names the year before the event is pointed out: a copied event may have kept the earlier year.
    """
    year_before = event.starts_at.astimezone(event.zone).year - 1
    for title, texts, url in _texts(event):
        for code in event.offered_languages:
            yield _check(title, texts, code, url, year_before)


def list_untranslated(event: Event) -> list[Check]:
    """Return a check for each text that lacks a language of the event: the front page, and the standing pages."""
    return [
        _untranslated(title, code, url)
        for title, texts, url in _texts(event)
        for code in event.offered_languages
        if not _has_language(texts, code)
    ]


def blanks_of(event: Event) -> list[Blanks]:
    """Return the blanks, such as "[name]", in texts that visitors read, or would read once the event is public."""
    blanks = []
    for title, texts, url in _texts(event):
        for code in event.offered_languages:
            if words := _blanks(texts, code):
                blanks.append(Blanks(title, code, language_name(code), tuple(words), url))
    return blanks


def lacks_language(text: Mapping[str, Any], codes: Sequence[str]) -> bool:
    """Return whether the text is there in some languages but not in all; an empty text is left out on purpose."""
    return any(text.values()) and not all(text.get(code) for code in codes)


def name_missing(texts: Mapping[str, Text], codes: Sequence[str]) -> str:
    """Return which texts, given by their labels, lack which language, as "Swedish: name, place"; "" if none does."""
    lacking = {label: text for label, text in texts.items() if lacks_language(text, codes)}
    return "; ".join(
        f"{language_name(code)}: {', '.join(labels)}"
        for code in codes
        if (labels := [label for label, text in lacking.items() if not text.get(code)])
    )


def _texts(event: Event) -> Iterator[tuple[str, tuple[Text, ...], str]]:
    """Yield the name, the texts and the form's address of the front page, then of each standing page."""
    front = (event.name, event.short_name, event.lead, event.sharing)
    yield _("Front page"), front, link("settings.texts", event=event.slug)
    for page in events.list_page_texts(event):
        url = link("pages.edit", event=event.slug, slug=page.slug)
        yield in_language(page.title), (page.title, page.summary, page.body), url


def _check(title: str, texts: tuple[Text, ...], code: str, url: str, year_before: int) -> Check:
    name = _name(title, code)
    if not _has_language(texts, code):
        return _untranslated(title, code, url)
    if blanks := _blanks(texts, code):
        return Check(name, State.NEEDED, _named(blanks), url, _("Fill in"), is_text=True)
    if times := sum(text[code].count(str(year_before)) for text in texts):
        words = ngettext(
            "Names the year %(year)s once. See whether that is meant.",
            "Names the year %(year)s %(num)s times. See whether that is meant.",
            times,
            year=year_before,
        )
        return Check(name, State.LATER, words, url, _("Change"))
    return Check(name, State.DONE, "", url, _("Change"))


def _name(title: str, code: str) -> str:
    return _("%(text)s, %(language)s", text=title, language=language_name(code))


def _untranslated(title: str, code: str, url: str) -> Check:
    words = _("Not translated. Visitors read it in another language.")
    return Check(_name(title, code), State.LATER, words, url, _("Translate"))


def _has_language(texts: tuple[Text, ...], code: str) -> bool:
    return all(text.get(code) for text in texts)


def _blanks(texts: tuple[Text, ...], code: str) -> list[str]:
    return [blank for text in texts for blank in list_blanks(text.get(code, ""))]


def _named(blanks: list[str]) -> str:
    """Return a text with the number of blanks and their words, such as "2 blanks: controller’s name; its address"."""
    different = list(dict.fromkeys(blank.rstrip(".") for blank in blanks))
    named = "; ".join(different[:NAMED_AT_MOST])
    if len(different) > NAMED_AT_MOST:
        named += " …"
    return ngettext("%(num)s blank: %(named)s", "%(num)s blanks: %(named)s", len(blanks), named=named)
