"""Saved views that name people: what becomes of them when these people are erased or renamed (P08, P22).

A view names a person by its search text or by its own name. A view whose search text names the person is deleted as a
whole: without the word it would show more people. A view that only has the person's name as its own name is renamed,
because its filters find nobody by that name. Both happen even if the word stands for other people as well. If the view
is shared, the audit trail says which of the two has happened and why, not whom the view named.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, fields, replace
from datetime import datetime
from enum import StrEnum
from functools import cached_property
from typing import Any

from flask_babel import force_locale
from flask_babel import gettext as _
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from forum.audit import actions as audit
from forum.extensions import db
from forum.folding import search_fold
from forum.registration import searching
from forum.registration.models import Registration
from forum.registration.saved_view_models import VIEW_CHANGED, VIEW_DELETED, SavedView

# A word of a search text names a person if it has at least LEAST_LETTERS letters and a name begins with it, or at least
# LEAST_WITHIN letters and is a part of a name. A word of a view's own name names a person if it is a whole name of at
# least LEAST_WHOLE letters, with or without a genitive's "s".
LEAST_LETTERS, LEAST_WITHIN, LEAST_WHOLE = 3, 4, 2
# How many names beyond those of an organiser's views are tried: each may be taken at the moment of the try.
SPARE_NAMES = 10
WORDS = re.compile(r"[^\W_]+")


class Why(StrEnum):
    """Why a shared view was deleted or renamed, in the details of the audit trail's entry about it."""

    PERSON_GONE = "person gone"
    FORMER_VALUES = "former values"


@dataclass(frozen=True)
class Called:
    """The values by which a text can name a person."""

    given_name: str
    family_name: str
    email: str
    reference: str
    phone: str | None

    @classmethod
    def of(cls, person: Registration) -> "Called":
        """Return the values by which a text can name the person of a registration."""
        return cls(**{field.name: getattr(person, field.name) for field in fields(cls)})

    @cached_property
    def address(self) -> str:
        """The mail address, folded."""
        return search_fold(self.email)

    @cached_property
    def names(self) -> list[str]:
        """The words of the name, folded."""
        return WORDS.findall(search_fold(f"{self.given_name} {self.family_name}"))

    @cached_property
    def names_and_mailbox(self) -> list[str]:
        """The words of the name and of what stands before the @ of the address, folded."""
        return self.names + WORDS.findall(self.address.partition("@")[0])

    def is_told(self, said: "Said") -> bool:
        """Return whether the text has the address, the reference or the phone number."""
        phone = "".join(filter(str.isdecimal, self.phone or ""))
        is_phone = any(number in phone for number in said.numbers)
        return (
            is_phone
            or bool(self.address and self.address in said.folded)
            or self.reference in said.references
        )


@dataclass(frozen=True)
class Said:
    """A text that may name people: the search text of a view, or its own name."""

    text: str

    @cached_property
    def folded(self) -> str:
        """The text, folded, without tags."""
        return search_fold(" ".join(word for word in searching.BETWEEN.split(self.text) if word[:1] != "#"))

    @cached_property
    def words(self) -> list[str]:
        """The words of the folded text."""
        return WORDS.findall(self.folded)

    @cached_property
    def numbers(self) -> list[str]:
        """The phone numbers in the text, or parts of them, as a search reads them."""
        return [text for text in self._texts if text.isdecimal() and len(text) >= searching.LEAST_DIGITS]

    @cached_property
    def references(self) -> set[str]:
        """The references in the text, as a search reads them."""
        return {text.upper() for text in self._texts}

    @cached_property
    def _texts(self) -> list[str]:
        return [text for term in searching.terms(self.text) for text in term.texts]


def forget_naming(registrations: Iterable[Registration], *, now: datetime) -> None:
    """Delete or rename the views of their events that name one of these people.

    Every function that deletes people's rows must call this one before. The caller commits.
    """
    people: dict[int, list[Called]] = {}
    for one in registrations:
        people.setdefault(one.event_id, []).append(Called.of(one))
    for event_id, gone in people.items():
        _forget(event_id, gone, (), Why.PERSON_GONE, now)


def naming_values(registration: Registration) -> Mapping[str, Any]:
    """Return the values by which a text can name the person, to be given to `forget_former` after they change."""
    return asdict(Called.of(registration))


def forget_former(registration: Registration, before: Mapping[str, Any], *, now: datetime) -> None:
    """Delete or rename the views that name the person only by values that the registration has had `before`.

    Somebody may take another name, such as an alias, so that nobody reads the former one any more (P22). It makes no
    difference whether the identity is protected, because a view that goes would tell (P21).
    """
    called = naming_values(registration)
    former = {name: before[name] or "" for name in called if name in before and before[name] != called[name]}
    if former:
        present = Called(**called)
        gone = [replace(present, **former)]
        _forget(registration.event_id, gone, [present], Why.FORMER_VALUES, now)


def _forget(event_id: int, gone: Sequence[Called], stays: Sequence[Called], why: Why, now: datetime) -> None:
    """Delete or rename the views of an event that name somebody in `gone`, and nobody in `stays`."""

    def is_due(text: str, names: Callable[[Said, Called], bool]) -> bool:
        said = Said(text)
        return any(names(said, one) for one in gone) and not any(names(said, one) for one in stays)

    # Lock the views: one that its owner deletes meanwhile could not be renamed any more. Do not lock their owners, who
    # are read with them: whoever saves a view locks its owner first, and the two could deadlock.
    mine = select(SavedView).where(SavedView.event_id == event_id).order_by(SavedView.id)
    locked = mine.with_for_update(of=SavedView, key_share=True).execution_options(populate_existing=True)
    for view in db.session.scalars(locked).all():
        if is_due(view.query.get("q") or "", _finds):
            _record(VIEW_DELETED, view, why, now)
            db.session.delete(view)
        elif is_due(view.name.replace("#", " "), _mentions):
            _record(VIEW_CHANGED, view, why, now)
            _rename(view)
    db.session.flush()


def _record(action: str, view: SavedView, why: Why, now: datetime) -> None:
    """Record what happens to a shared view; nobody has asked for it, so the entry says that it happened by itself."""
    if view.is_shared:
        audit.record(action, view, actor="worker", at=now, reason=why)


def _finds(query: Said, person: Called) -> bool:
    """Return whether a word of a search text names the person, ignoring signs around the word.

    The word is the beginning, a part or the genitive of a name of theirs or of what stands before the @ of their
    address, or is their address, reference or phone number.
    """
    return person.is_told(query) or any(
        _stands_for(word, name) for word in query.words for name in person.names_and_mailbox
    )


def _mentions(title: Said, person: Called) -> bool:
    """Return whether a view's own name has a name of the person as a whole word, or address, reference or number."""
    names = [name for name in person.names if len(name) >= LEAST_WHOLE]
    return person.is_told(title) or any(word in (name, f"{name}s") for word in title.words for name in names)


def _stands_for(word: str, name: str) -> bool:
    is_part = (len(word) >= LEAST_LETTERS and name.startswith(word)) or (
        len(word) >= LEAST_WITHIN and word in name
    )
    return word in {name, f"{name}s"} or is_part


def _rename(view: SavedView) -> None:
    """Name the view “View 1”, or the first number that its organiser has not used, in the organiser's language."""
    mine = SavedView.event_id == view.event_id, SavedView.user_id == view.user_id
    taken = set(db.session.scalars(select(SavedView.name).where(*mine)))
    with force_locale(view.maker.language):
        names = [_("View %(number)s", number=number) for number in range(1, len(taken) + SPARE_NAMES + 1)]
    # The organiser is not locked, and may be giving another view one of these names at this moment: the database then
    # refuses the name, and the next one is tried.
    if not any(_could_name(view, name) for name in names if name not in taken):
        raise LookupError("every neutral name is taken")


def _could_name(view: SavedView, name: str) -> bool:
    """Give the view this name; return False if another view of its organiser has just got the name."""
    try:
        with db.session.begin_nested():
            view.name = name
    except IntegrityError:
        return False
    return True
