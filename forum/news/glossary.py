"""The glossary of each language: words to avoid, what to write instead, and why."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy import inspect, select

from forum.audit import actions as audit
from forum.columns import LARGEST_ID
from forum.extensions import db
from forum.news import slugs
from forum.news.models import GlossaryTerm
from forum.web.proofreading import Advice, Glossary

# The most characters of a word to avoid, counted in lower case.
LONGEST_AVOIDED = 100


class TermExists(Exception):
    """The glossary of this language has advice about this word already."""


def find(number: int) -> GlossaryTerm | None:
    """Return the glossary entry with this id."""
    return db.session.get(GlossaryTerm, number) if number <= LARGEST_ID else None


def list_all() -> Sequence[GlossaryTerm]:
    """Return every glossary entry, in the order of languages and then of words to avoid."""
    return db.session.scalars(select(GlossaryTerm).order_by(GlossaryTerm.language, GlossaryTerm.avoid)).all()


def read() -> Mapping[str, Glossary]:
    """Return, by language, the glossary that the proofreader uses: advice by the word to avoid."""
    advice: dict[str, dict[str, Advice]] = defaultdict(dict)
    for term in list_all():
        advice[term.language][term.avoid] = Advice(term.better, term.reason)
    return advice


def as_stored(word: str) -> str:
    """Return the lower-case form in which a word to avoid is stored; it may be longer: "İ" becomes "i" and a dot."""
    return word.lower()


def store(term: GlossaryTerm, values: Mapping[str, str], *, actor: str, now: datetime) -> bool:
    """Store a new or changed entry of the glossary; return whether anything has changed. Raises TermExists."""
    slugs.lock()
    wanted = {**values, "avoid": as_stored(values["avoid"])}
    same = (GlossaryTerm.language == wanted["language"], GlossaryTerm.avoid == wanted["avoid"])
    known = db.session.scalars(select(GlossaryTerm).where(*same)).one_or_none()
    is_new = not inspect(term).persistent
    if known is not None and known is not term:
        if is_new and values_of(known) == wanted:
            return False  # this form was sent twice: the term is stored already
        raise TermExists
    if not is_new and values_of(term) == wanted:
        return False
    for name, value in wanted.items():
        setattr(term, name, value)
    db.session.add(term)
    audit.record("glossary.created" if is_new else "glossary.changed", term, actor=actor, at=now)
    return True


def remove(term: GlossaryTerm, *, actor: str, now: datetime) -> None:
    """Remove an entry of the glossary."""
    audit.record("glossary.removed", term, actor=actor, at=now)
    db.session.delete(term)


def values_of(term: GlossaryTerm) -> dict[str, str]:
    """Return the values of a glossary entry by column."""
    return {name: getattr(term, name) for name in ("language", "avoid", "better", "reason")}
