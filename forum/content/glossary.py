"""The glossary as glossary.toml: for each language the words to avoid, what to write instead, and why."""

from collections.abc import Iterable

from forum.content.shapes import LANGUAGES, Document, Where, line, listing, table, unique
from forum.news.glossary import LONGEST_AVOIDED, as_stored
from forum.news.models import GlossaryTerm
from forum.web.proofreading import has_word

FILE = "glossary.toml"
SHAPE = table(
    {},
    {
        language: listing(
            table({"avoid": line(LONGEST_AVOIDED), "better": line(200)}, {"reason": line(300, empty=True)}),
            most=20_000,
        )
        for language in LANGUAGES
    },
)


def tell(terms: Iterable[GlossaryTerm]) -> Document:
    """Return the content of glossary.toml with these entries as a document."""
    told: Document = {language: [] for language in LANGUAGES}
    for term in terms:
        entry = {"avoid": term.avoid, "better": term.better}
        told[term.language].append({**entry, "reason": term.reason} if term.reason else entry)
    return in_order(told)


def read(raw: Document, where: Where) -> Document:
    """Return the content of glossary.toml as a document, sorted. Raises BadFile."""
    document = {**{language: [] for language in LANGUAGES}, **SHAPE(raw, where)}
    for language, entries in document.items():
        for place, entry in enumerate(entries, start=1):
            _settle(entry, where.at(language).at(place).at("avoid"))
        unique(entries, "avoid", where.at(language))
    return in_order(document)


def in_order(document: Document) -> Document:
    """Return the document with each language's entries sorted by the word to avoid, alike on every database."""
    return {language: sorted(document[language], key=lambda entry: entry["avoid"]) for language in LANGUAGES}


def _settle(entry: Document, where: Where) -> None:
    """Write the word to avoid in the form in which it is stored, and leave out an empty reason."""
    if not has_word(entry["avoid"]):
        where.refuse("has no letter or digit")
    entry["avoid"] = as_stored(entry["avoid"])
    if len(entry["avoid"]) > LONGEST_AVOIDED:
        where.refuse(
            f"has {len(entry['avoid'])} characters in lower case, and {LONGEST_AVOIDED} are the most"
        )
    if not entry.get("reason"):
        entry.pop("reason", None)
