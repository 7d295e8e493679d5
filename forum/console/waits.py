"""The numbers beside the navigation's links to an event's pages: how much waits there, and how many messages failed."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from flask import g
from sqlalchemy import Select, bindparam, literal, select, union_all

from forum import clock
from forum.accounts import sign_ins
from forum.console.scope import mail_scope
from forum.events import queries as events
from forum.events.models import Event
from forum.extensions import db
from forum.invitations import queries as invitations
from forum.outbox import listing as outbox
from forum.outbox.queries import Scope
from forum.privacy import queries as privacy
from forum.review import queries as reviews


@dataclass(frozen=True)
class Waits:
    """How many people and tasks of an event wait, and how many of its messages failed."""

    in_line: int
    undecided: int
    requests: int
    open_requests: int
    invited: int
    failed: int


NOTHING_WAITS = Waits(0, 0, 0, 0, 0, 0)


def waits_of(event: Event) -> Waits:
    """Return the numbers that the navigation shows for an event; one statement reads them, once for each request."""
    if "waits" not in g:
        g.waits = {}
    if event.id not in g.waits:
        scope = mail_scope(event)
        query = _select(scope.with_accounts, scope.with_care, sign_ins.reviewed_sectors(event))
        g.waits[event.id] = _waits(event, db.session.execute(query, {"event_id": event.id}).one())
    return g.waits[event.id]


def read_waits(listed: Sequence[tuple[Event, Scope]]) -> dict[int, Waits]:
    """Return by event id how many tasks wait, by one statement for these events; `scope` says which mails count."""
    parts = [
        select(literal(event.id), *_columns(event.id, scope, sign_ins.reviewed_sectors(event)))
        for event, scope in listed
    ]
    known = {event.id: event for event, _scope in listed}
    rows = db.session.execute(union_all(*parts)) if parts else ()
    return {event_id: _waits(known[event_id], numbers) for event_id, *numbers in rows}


@lru_cache(maxsize=100)
def _select(with_accounts: bool, with_care: bool, sectors: frozenset[int] | None) -> Select[Any]:
    """Return the statement for the numbers of the event `event_id`; it is cached, for building it is slow."""
    event_id: Any = bindparam("event_id")
    return select(*_columns(event_id, Scope(event_id, with_accounts, with_care), sectors))


def _columns(event_id: Any, scope: Scope, sectors: frozenset[int] | None) -> list[Any]:
    return [
        *reviews.waits(event_id, sectors),
        *privacy.numbers(event_id),
        invitations.number(event_id),
        outbox.failed(scope),
    ]


def _waits(event: Event, numbers: Sequence[int]) -> Waits:
    in_line, undecided, *others = numbers
    is_off = events.is_off(event, clock.now())
    return Waits(0 if is_off else in_line, 0 if is_off else undecided, *others)
