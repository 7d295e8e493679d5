"""The entries of the log as rows: when, who, what, and about whom or what, with a link to its page."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import tzinfo
from functools import partial
from typing import Any

from flask import url_for
from flask_babel import gettext as _
from sqlalchemy import select

from forum.accounts import queries as accounts
from forum.accounts.models import User
from forum.audit import queries as audit
from forum.audit.models import AuditEntry
from forum.bulk.wording import task_text
from forum.console import log_words
from forum.events.models import Event, Page, Sector
from forum.extensions import db
from forum.news.models import Category, PostText, Tag
from forum.questions.models import Question
from forum.registration import imported
from forum.registration.models import Registration
from forum.registration.organisation_models import Organisation
from forum.registration.wording import actor_text
from forum.tasks.models import Task
from forum.web.languages import in_language, language, short_moment_text

PEOPLE = Registration.__tablename__


@dataclass(frozen=True)
class About:
    """What an entry is about: its name, and the URL of its page ("" without one)."""

    name: str = ""
    url: str = ""


@dataclass(frozen=True)
class Row:
    """An entry of the log in words; `actor` is who acted, as in the audit trail, "" where the row names nobody."""

    at_text: str
    actor: str
    who: str
    what: str
    detail: str
    about: About


NOTHING = About()


def rows_of(entries: Sequence[AuditEntry], event: Event | None, zone: tzinfo) -> list[Row]:
    """Return the entries in words, with times on the zone's clock; each kind of subject costs one SQL statement."""
    received = _list_received(entries)
    begun = {subject: number for number, subject, _actor, _at in received}
    by_hand = {(subject, actor, at) for _number, subject, actor, at in received}
    names = names_of(entry.actor for entry in entries)
    subjects, imports = _subjects(entries, event), imported.list_added(entries)

    def row(entry: AuditEntry) -> Row:
        told = imported.details_of(entry, imports)
        is_person = entry.subject_type == PEOPLE
        is_unnamed = is_person and (entry.subject_id, entry.actor, entry.at) in by_hand
        is_earlier = is_person and entry.id < begun.get(entry.subject_id, 0)
        about = NOTHING if is_earlier else subjects.get((entry.subject_type, entry.subject_id), NOTHING)
        return Row(
            short_moment_text(entry.at, zone),
            "" if is_unnamed else entry.actor,
            actor_text(entry.actor, {} if is_unnamed else names),
            log_words.act_words(entry.action, told),
            log_words.act_detail(entry.action, told, event),
            About(_("No longer stored")) if is_person and about is NOTHING else about,
        )

    return [row(entry) for entry in entries]


def names_of(actors: Iterable[str]) -> dict[str, str]:
    """Return the names of the organisers among these actors, by actor ("user:7")."""
    ids = {int(actor[5:]) for actor in actors if actor.startswith("user:")}
    return {f"user:{number}": name for number, name in accounts.names_of(ids).items()}


def _list_received(entries: Iterable[AuditEntry]) -> Sequence[Any]:
    """Return id, subject, actor and time of the audit entries about receiving the registrations named on the page."""
    ids = {entry.subject_id for entry in entries if entry.subject_type == PEOPLE}
    query = select(AuditEntry.id, AuditEntry.subject_id, AuditEntry.actor, AuditEntry.at).where(
        AuditEntry.subject_type == PEOPLE,
        AuditEntry.subject_id.in_(ids),
        AuditEntry.action == audit.REGISTRATION_RECEIVED,
    )
    return db.session.execute(query.order_by(AuditEntry.id)).all() if ids else []


def _subjects(entries: Iterable[AuditEntry], event: Event | None) -> dict[tuple[str, int | None], About]:
    """Return what each entry is about (name and URL), by table and id."""
    ids: dict[str, set[int]] = {}
    for entry in entries:
        if entry.subject_id is not None:
            ids.setdefault(entry.subject_type, set()).add(entry.subject_id)
    return {
        (table, number): about
        for table, describe in _DESCRIBED.items()
        if table in ids
        for number, about in describe(ids[table], event)
    }


Described = Iterable[tuple[int, About]]


def _people(ids: Collection[int], event: Event | None) -> Described:
    known = select(Registration.id, Registration.reference).where(Registration.id.in_(ids))
    for number, reference in db.session.execute(known):
        yield number, About(reference, _url("attendees.show", event, reference=reference))


def _sectors(ids: Collection[int], event: Event | None) -> Described:
    for number, key, name in db.session.execute(
        select(Sector.id, Sector.key, Sector.name).where(Sector.id.in_(ids))
    ):
        yield number, About(in_language(name), _url("settings.sector", event, sector=key))


def _questions(ids: Collection[int], event: Event | None) -> Described:
    known = select(Question.id, Question.label).where(Question.id.in_(ids))
    for number, label in db.session.execute(known):
        yield number, About(in_language(label), _url("questions.edit", event, question=number))


def _pages(ids: Collection[int], event: Event | None) -> Described:
    for number, slug, title in db.session.execute(
        select(Page.id, Page.slug, Page.title).where(Page.id.in_(ids))
    ):
        yield number, About(in_language(title), _url("pages.edit", event, slug=slug))


def _organisations(ids: Collection[int], event: Event | None) -> Described:
    known = select(Organisation.id, Organisation.name).where(Organisation.id.in_(ids))
    for number, name in db.session.execute(known):
        yield number, About(name, _url("organisations.edit", event, number=number))


def _tasks(ids: Collection[int], event: Event | None) -> Described:
    for task in db.session.scalars(select(Task).where(Task.id.in_(ids))):
        yield task.id, About(task_text(task), _url("bulk.show", event, task=task.id))


def _posts(ids: Collection[int], event: Event | None) -> Described:
    known = select(PostText.post_id, PostText.headline).where(PostText.post_id.in_(ids))
    # Read the headlines in the page's language last, so that they replace a post's headlines in other languages.
    for number, headline in db.session.execute(known.order_by(PostText.language == language())):
        yield number, About(headline, _url("posts.edit", event, post=number))


def _named(model: Any, column: Any, ids: Collection[int], _event: Event | None) -> Described:
    for number, name in db.session.execute(select(model.id, column).where(model.id.in_(ids))):
        yield number, About(name if isinstance(name, str) else in_language(name))


def _url(endpoint: str, event: Event | None, **values: Any) -> str:
    return url_for(endpoint, event=event.slug, **values) if event else ""


_DESCRIBED: Mapping[str, Callable[[Collection[int], Event | None], Described]] = {
    PEOPLE: _people,
    Sector.__tablename__: _sectors,
    Question.__tablename__: _questions,
    Page.__tablename__: _pages,
    Organisation.__tablename__: _organisations,
    "posts": _posts,
    Task.__tablename__: _tasks,
    User.__tablename__: partial(_named, User, User.name),
    Category.__tablename__: partial(_named, Category, Category.name),
    Tag.__tablename__: partial(_named, Tag, Tag.name),
}
