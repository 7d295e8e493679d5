"""The glossary of an import, written into the database."""

from forum.content.shapes import Document
from forum.extensions import db
from forum.news import glossary
from forum.news.models import GlossaryTerm


def write(document: Document) -> None:
    """Replace the stored entries of the glossary by those of the document."""
    known = {(term.language, term.avoid): term for term in glossary.list_all()}
    for language, entries in document.items():
        for entry in entries:
            avoid = entry["avoid"]
            term = known.pop((language, avoid), None) or GlossaryTerm(language=language, avoid=avoid)
            term.better, term.reason = entry["better"], entry.get("reason", "")
            db.session.add(term)
    for term in known.values():
        db.session.delete(term)
    db.session.flush()
