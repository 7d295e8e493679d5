"""Private notes and tags of a registration: reading and changing them.

The audit trail records who has added notes or tags to whom and when, never their texts (P28). `subject` is the
registration.
"""

import re
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Select, bindparam, delete, func, literal, select

from forum.audit import actions as audit
from forum.audit import queries as audit_queries
from forum.extensions import db
from forum.people.models import LONGEST_TAG, RegistrationNote, RegistrationTag
from forum.tidying import tidy

MOST_TAGS = 20
MOST_LISTED_TAGS = 40
# Tags are separated by commas or semicolons; a search separates words at the same characters.
BETWEEN_TAGS = re.compile(r"[,;]")
NOTED = "registration.noted"


def add_note(
    subject: Any, text: str, *, actor: str, now: datetime, form_key: str = "", is_signed: bool = True
) -> None:
    """Add a private note of the acting organiser ("user:7"); a form sent twice, with one `form_key`, adds one (R03).

    The author of an unsigned note is recorded only in the audit trail, not with the note.
    """
    if form_key and audit_queries.has_form(NOTED, [subject], form_key):
        return
    kind, _, number = actor.partition(":")
    author_id = int(number) if kind == "user" and is_signed else None
    note = RegistrationNote(registration_id=subject.id, author_id=author_id, text=text, made_at=now)
    db.session.add(note)
    db.session.flush()
    known = {"note": note.id, **({"form": form_key} if form_key else {})}
    audit.record(NOTED, subject, actor=actor, at=now, **known)


def find_note(subject: Any, number: int) -> RegistrationNote | None:
    """Return the registration's note with this number; None for another registration's note (S13)."""
    note = db.session.get(RegistrationNote, number)
    return note if note and note.registration_id == subject.id else None


def remove_note(subject: Any, note: RegistrationNote, *, actor: str, now: datetime) -> None:
    """Delete a note for good."""
    audit.record("registration.note_removed", subject, actor=actor, at=now, note=note.id)
    db.session.delete(note)


def list_notes(subject: Any) -> Sequence[RegistrationNote]:
    """Return the registration's notes, the oldest first."""
    mine = RegistrationNote.registration_id == subject.id
    return db.session.scalars(select(RegistrationNote).where(mine).order_by(RegistrationNote.id)).all()


def read_tags(typed: str) -> list[str]:
    """Return the tags of a text between commas or semicolons: sorted, in lower case, blanks as hyphens.

    Invisible characters are left out, so that a text of these alone is no tag.
    """
    parts = (tidy(part) for part in BETWEEN_TAGS.split(typed))
    names = {"-".join(part.replace("#", " ").casefold().split()) for part in parts}
    return sorted(name for name in names if name)


def is_too_long(names: Iterable[str]) -> bool:
    """Return whether there are too many tags, or a tag is too long."""
    listed = list(names)
    return len(listed) > MOST_TAGS or any(len(name) > LONGEST_TAG for name in listed)


def list_tags(subject: Any) -> Sequence[str]:
    """Return the registration's tags in alphabetical order."""
    mine = RegistrationTag.registration_id == subject.id
    return db.session.scalars(select(RegistrationTag.name).where(mine).order_by(RegistrationTag.name)).all()


def list_tags_of_event(event_id: int) -> Sequence[str]:
    """Return the tags that registrations of the event have, in alphabetical order."""
    query = select(RegistrationTag.name).where(RegistrationTag.event_id == event_id).distinct()
    return db.session.scalars(query.order_by(RegistrationTag.name)).all()


def _some_tags() -> Select[str]:
    """Select an event's first tags in alphabetical order, each once, at most MOST_LISTED_TAGS, for a filter.

    A recursive query reads one tag after the other from the index: a hundred thousand rows may have the same few tags.
    """
    mine = RegistrationTag.event_id == bindparam("event_id")
    first = select(func.min(RegistrationTag.name).label("name"), literal(1).label("rank")).where(mine)
    listed = first.cte("listed_tags", recursive=True)
    later = select(func.min(RegistrationTag.name)).where(mine, RegistrationTag.name > listed.c.name)
    following = select(later.scalar_subquery(), listed.c.rank + 1)
    is_next = listed.c.name.is_not(None), listed.c.rank < MOST_LISTED_TAGS
    every = listed.union_all(following.where(*is_next))
    return select(every.c.name).where(every.c.name.is_not(None))


# This statement is built once: each page of the attendee list runs it, and building it takes longer than running it.
SOME_TAGS = _some_tags()


def set_tags(subject: Any, names: Sequence[str], *, actor: str, now: datetime) -> bool:
    """Give the registration these tags and no others; return whether any was added or removed."""
    had = set(list_tags(subject))
    if had == set(names):
        return False
    added, removed = sorted(set(names) - had), had - set(names)
    if removed:
        theirs = RegistrationTag.registration_id == subject.id, RegistrationTag.name.in_(removed)
        db.session.execute(delete(RegistrationTag).where(*theirs))
    for name in added:
        db.session.add(RegistrationTag(registration_id=subject.id, name=name, event_id=subject.event_id))
    audit.record("registration.tagged", subject, actor=actor, at=now, added=len(added), removed=len(removed))
    return True
