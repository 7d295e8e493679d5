"""Views of the attendee list that organisers save: filters, order and columns under a name.

A view is its organiser's own, or shared with all colleagues who see the list of the event. A view finds people by the
list's own filters, so it shows nobody whom the list does not show, and protected identity makes no difference (P21).
What becomes of views that name somebody who is erased or renamed is in `registration/views_naming`.
"""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, or_, select
from sqlalchemy.exc import IntegrityError
from werkzeug.datastructures import MultiDict

from forum.accounts import queries as accounts
from forum.accounts.audiences import ORGANISERS, REGISTRARS, VIEWERS
from forum.accounts.models import Membership
from forum.audit import actions as audit
from forum.events.models import Event
from forum.extensions import db
from forum.folding import search_fold
from forum.people.models import RegistrationTag
from forum.questions.models import Question
from forum.registration import list_columns
from forum.registration.errors import NameTaken, TooManyViews, ViewGone
from forum.registration.filtering import Filters
from forum.registration.narrowing import UnknownFilter
from forum.registration.saved_view_models import (
    VIEW_CHANGED,
    VIEW_DELETED,
    VIEW_SHARED,
    VIEW_TAKEN_BACK,
    SavedView,
)

# The most views of one organiser for one event: more could not be told apart above the list.
MOST = 20
SEEN = select(SavedView).where(
    SavedView.event_id == bindparam("event_id"),
    or_(SavedView.user_id == bindparam("user_id"), SavedView.is_shared),
)


@dataclass(frozen=True)
class Content:
    """The content of a view: the parameters of the list's URL, and keys of its columns."""

    query: dict[str, Any]
    columns: list[str]


@dataclass(frozen=True)
class Opened:
    """The view from which a list was opened. `is_as_saved` is whether filters, order and columns are still the view's.

    `tags_without_people` are tags in the filters that nobody of the event has; `columns_gone` is the number of
    columns that the event no longer has.
    """

    view: SavedView
    is_as_saved: bool
    tags_without_people: Sequence[str]
    columns_gone: int


def list_seen(event: Event, user_id: int) -> list[SavedView]:
    """Return the views that an organiser sees: first their own, then those that colleagues share, each by name."""
    views = db.session.scalars(SEEN, {"event_id": event.id, "user_id": user_id})
    return sorted(views, key=lambda view: (view.user_id != user_id, search_fold(view.name), view.id))


def find(event: Event, number: int | None, user_id: int) -> SavedView | None:
    """Return a view of this event that the organiser sees, else None (S13)."""
    view = db.session.get(SavedView, number) if number else None
    is_seen = view and view.event_id == event.id and (view.is_shared or view.user_id == user_id)
    return view if is_seen else None


def may_change(view: SavedView, user_id: int, *, may_share: bool, is_organiser: bool) -> bool:
    """Return whether somebody may change and delete a view: their own, and as an organiser every shared one.

    Whoever no longer may share views may not change a shared one either, because colleagues rely on it.
    """
    if not view.is_shared:
        return view.user_id == user_id
    return is_organiser or (may_share and view.user_id == user_id)


def maker_may_change(view: SavedView) -> bool:
    """Return whether the organiser who saved the view may still change and delete it."""
    held = {each.role for each in view.maker.memberships if each.event_id in {None, view.event_id}}
    is_organiser, may_share = (not held.isdisjoint(wanted.roles) for wanted in (ORGANISERS, REGISTRARS))
    told = {"may_share": may_share, "is_organiser": is_organiser}
    return view.maker.active and may_change(view, view.user_id, **told)


def filters_of(view: SavedView, event: Event) -> Filters:
    """Return the filters of a view. Raises UnknownFilter if a filter is gone: the others would show more people."""
    return replace(Filters.of(_as_args(view.query), event), view=view.id)


def split(view: SavedView, event: Event) -> tuple[list[tuple[str, str]], dict[str, Any]]:
    """Return the filters of a view that no longer exist in the event, as pairs, and the other parameters."""
    gone, kept = [], MultiDict[str, str]()
    for name, value in _as_args(view.query).items(multi=True):
        try:
            Filters.of(MultiDict([(name, value)]), event)
            kept.add(name, value)
        except UnknownFilter:
            gone.append((name, value))
    return gone, Filters.of(kept, event).query()


def describe(
    event: Event, filters: Filters, views: Iterable[SavedView], asked: Sequence[Question]
) -> Opened | None:
    """Return the view from which the list with these filters was opened, one of `views`; None for no view.

    `asked` are the questions by whose answers the list is filtered (`narrowing.list_asked`).
    """
    view = next((one for one in views if one.id == filters.view), None)
    if view is None:
        return None
    same_columns = not filters.columns or {*filters.columns} - {list_columns.NAME} == {*view.columns}
    is_as_saved = same_columns and filters.query(view="", column="") == view.query
    known = list_columns.offered(asked, has_delegations=True)
    gone = sum(1 for name in view.columns if name not in known)
    return Opened(view, is_as_saved, _tags_without_people(event, filters.values("tag")), gone)


def content(event: Event, filters: Filters, user_id: int) -> Content:
    """Return what the list shows with these filters; columns that the event no longer has are left out."""
    columns = list_columns.chosen(user_id, event, find(event, filters.view, user_id), filters.columns)
    return Content(filters.query(view="", column="", chosen=""), list_columns.known(event, columns))


def save(
    event: Event, shown: Content, *, user_id: int, name: str, is_shared: bool, now: datetime
) -> SavedView:
    """Save what the list shows under a name, once if the same form is sent twice.

    Raises NameTaken and TooManyViews. Call after `start_write`. Only shared views are recorded in the audit trail, and
    never their search text, which may name somebody (P28).
    """
    accounts.lock_user(user_id)
    mine = [view for view in list_seen(event, user_id) if view.user_id == user_id]
    if same := next((view for view in mine if view.name == name), None):
        if (same.query, same.columns, same.is_shared) == (shown.query, shown.columns, is_shared):
            return same
        raise NameTaken
    if len(mine) >= MOST:
        raise TooManyViews
    view = SavedView(event_id=event.id, user_id=user_id, name=name, is_shared=is_shared)
    view.query, view.columns = shown.query, shown.columns
    with _refusing_taken_names():
        db.session.add(view)
    if is_shared:
        audit.record(VIEW_SHARED, view, actor=f"user:{user_id}", at=now)
    return view


def change(
    view: SavedView, *, name: str, is_shared: bool, shown: Content | None = None, actor: str, now: datetime
) -> None:
    """Change a view: its name, whether colleagues see it and, if `shown` is given, what it shows. Raises NameTaken."""
    others = (SavedView.event_id == view.event_id, SavedView.user_id == view.user_id, SavedView.id != view.id)
    if db.session.scalar(select(SavedView.id).where(*others, SavedView.name == name)):
        raise NameTaken
    before, was_shared = _said(view), view.is_shared
    with _refusing_taken_names():
        view.name, view.is_shared = name, is_shared
        if shown:
            view.query, view.columns = shown.query, shown.columns
    if is_shared and was_shared and before != _said(view):
        audit.record(VIEW_CHANGED, view, actor=actor, at=now)
    if is_shared != was_shared:
        audit.record(VIEW_SHARED if is_shared else VIEW_TAKEN_BACK, view, actor=actor, at=now)


@contextmanager
def _refusing_taken_names() -> Iterator[None]:
    """Write what the block changes in a view. Raises NameTaken if the database refuses the view's name.

    An erasure may have just given that name to a view that named the person (`views_naming`), without locking the
    organiser.
    """
    try:
        with db.session.begin_nested():
            yield
    except IntegrityError as refused:
        raise NameTaken from refused


def lock(view: SavedView) -> None:
    """Lock the views of this view's organiser until the transaction ends, and read the view again. Raises ViewGone.

    The view itself is locked, too: an erasure locks views without their organisers, and may just be deleting or
    renaming this one (`views_naming`).
    """
    accounts.lock_user(view.user_id)
    itself = select(SavedView).where(SavedView.id == view.id).with_for_update(of=SavedView, key_share=True)
    if db.session.scalar(itself.execution_options(populate_existing=True)) is None:
        raise ViewGone


def remove(view: SavedView, *, actor: str, now: datetime) -> None:
    """Delete a view."""
    if view.is_shared:
        audit.record(VIEW_DELETED, view, actor=actor, at=now)
    db.session.delete(view)
    db.session.flush()


def _said(view: SavedView) -> tuple[str, dict[str, Any], list[str]]:
    return view.name, view.query, view.columns


def _tags_without_people(event: Event, tags: Sequence[str]) -> list[str]:
    if not tags:
        return []
    mine = RegistrationTag.event_id == event.id, RegistrationTag.name.in_(tags)
    return sorted({*tags} - {*db.session.scalars(select(RegistrationTag.name).where(*mine).distinct())})


def _as_args(query: dict[str, Any]) -> MultiDict[str, str]:
    pairs: Iterator[tuple[str, str]] = (
        (name, value)
        for name, values in query.items()
        for value in (values if isinstance(values, list) else [values])
    )
    return MultiDict(pairs)


def forget_of_departed(*, now: datetime) -> int:
    """Delete views with a search text that nobody opens any more; return how many. The worker calls this.

    These are unshared views of organisers who no longer see the list of the event; their search text may name a person.
    Views of a disabled account with its roles stay, because it can be enabled again.
    """
    here = or_(Membership.event_id == SavedView.event_id, Membership.event_id.is_(None))
    reads = here, Membership.user_id == SavedView.user_id, Membership.role.in_(VIEWERS.roles)
    closed = ~select(Membership.id).where(*reads).correlate(SavedView).exists()
    views = db.session.scalars(select(SavedView).where(~SavedView.is_shared, closed)).all()
    gone = [view for view in views if view.query.get("q")]
    for view in gone:
        db.session.delete(view)
    return len(gone)
