"""Counting the SQL statements of each act on the attendee list, for three people and for many.

An act takes as many statements for a hundred thousand people as for three. To take the same way through the code, three
people are listed with smaller bounds, for instance with one person a page: then they, too, have a next page, are more
people than are counted, and more than the database's text index gives at once.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from unittest import mock

from flask import Flask
from sqlalchemy import select

from bench import filling
from bench.report import Row
from forum.accounts.enums import Role
from forum.database import start_write
from forum.events.models import Event
from forum.events.queries import find_event
from forum.extensions import db
from forum.questions.enums import QuestionKind
from forum.registration import listing, text_index
from forum.registration.models import Registration
from tools import organisers
from tools.pages import Page, Pages

FEW = 3
SMALLER = ((listing, "PAGE_SIZE"), (listing, "FEW"), (listing, "MOST_COUNTED"), (text_index, "FEW"))
ALL_HAVE = "q=asa+bergstrom"
EXPORT = {"purpose": "contact", "recipient": "office", "shape": "csv", "kept": "y"}
Act = Callable[[], Page]


def rows(app: Flask, group: str, number: int) -> Iterator[Row]:
    """Count the statements for three people and for `number` people, each of an event of their own."""
    three, many = filling.add_events(app, 2)
    filling.add_registrations(app, FEW, three, letter="C")
    filling.add_registrations(app, number, many, letter="D")
    with smaller_bounds():
        expected = count(app, three)
    yield from rows_of(group, expected, count(app, many), number)


def rows_of(group: str, few: Mapping[str, int], many: Mapping[str, int], people: int) -> Iterator[Row]:
    """Yield a row for each act; another number of statements for many people than for few is a fault."""
    for what, number in many.items():
        beside, value = f"for {FEW}: {few[what]}", f"{number} statements for {people:,} people"
        fault = "" if number == few[what] else f"UnequalStatements: {value}, {beside}"
        yield Row(group, what, value, beside, aim="as many", fault=fault)


@contextmanager
def smaller_bounds() -> Iterator[None]:
    """List one person a page, count one person at most, and let the text index find one person at most."""
    with ExitStack() as stack:
        for module, name in SMALLER:
            stack.enter_context(mock.patch.object(module, name, 1))
        yield


def count(app: Flask, slug: str) -> dict[str, int]:
    """Return how many statements each act takes, when it is done the second time: the first one fills caches."""
    with app.app_context():
        pages = Pages(app)
        organisers.sign_in(pages, organisers.make_user(Role.ADMIN))
        answered = _answer(find_event(slug))
        db.session.rollback()
        counted = {}
        for what, act in _acts(pages, slug, answered, _reference(slug)).items():
            act()
            counted[what] = len(act().statements)
        return counted


def _acts(pages: Pages, slug: str, answered: str, reference: str) -> Mapping[str, Act]:
    base = f"/console/{slug}/attendees"
    view = pages.open(f"{base}/views/new?{answered}&sort=-organisation").submit({"name": "Seen"}, expect=303)
    gets = {
        "the list": base,
        "the next page": f"{base}?after={reference}",
        "a search for one person": f"{base}?q={reference}",
        "a search for words that all have": f"{base}?{ALL_HAVE}",
        "filtered by an answer": f"{base}?{answered}",
        "filtered, searched and sorted": f"{base}?{answered}&{ALL_HAVE}&sort=-organisation",
        "a saved view": view.location,
        "how many are meant by “all that match”": f"{base}/many/tag?whom=all&{answered}",
        "the page that asks why a list is exported": f"{base}/export?{answered}",
    }
    posts: dict[str, Act] = {
        "choosing everybody on a page": lambda: _choose_page(pages.open(base)),
        "having the export of all prepared": lambda: pages.open(f"{base}/export").submit(EXPORT, expect=303),
    }
    return {what: _opening(pages, path) for what, path in gets.items()} | posts


def _opening(pages: Pages, path: str) -> Act:
    return lambda: pages.open(path)


def _choose_page(page: Page) -> Page:
    form = page.form("form#many")
    return form.submit(forged={"who": form.data["shown"], "act": "keep"}, expect=303)


def _answer(event: Event) -> str:
    """Let everybody of an event answer a question with choices, with the same choice; return the URL's filter."""
    start_write(db.session)
    question = filling.question(event, 201, QuestionKind.ONE_OF)
    db.session.add(question)
    db.session.flush()
    people = select(Registration.id).where(Registration.event_id == event.id)
    filling.add_answers(question, dict.fromkeys(db.session.scalars(people), filling.CHOSEN[0]))
    db.session.commit()
    return f"answer={question.key}:{filling.CHOSEN[0]}"


def _reference(slug: str) -> str:
    """Return the reference of the first person of the event's attendee list."""
    first = select(Registration.reference).where(Registration.event_id == find_event(slug).id)
    return db.session.scalars(first.order_by(*listing.BY_NAME).limit(1)).one()
