"""Four processes, each with its own app and many threads, that act at the same moment.

with Racers() as racers:
    outcomes = racers.run(Race(settings, url, act="register", threads=50, …))
"""

import os
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, nullcontext
from contextvars import Context
from dataclasses import asdict, dataclass, field
from datetime import timedelta
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from typing import Any

from flask import Flask, current_app
from psycopg.errors import ConnectionTimeout
from sqlalchemy import event as engine_events
from sqlalchemy import select
from sqlalchemy.engine import URL, Engine
from sqlalchemy.exc import TimeoutError as NoConnectionLeft

from forum import clock, create_app, database
from forum.delegations import admitting
from forum.events.models import Event
from forum.events.queries import find_event, find_sector
from forum.extensions import db
from forum.imports import actions as importing
from forum.imports import checking, table_work
from forum.imports import queries as imports
from forum.imports.checking import Person
from forum.imports.models import AttendeeImport
from forum.invitations import answering, forwarding, many
from forum.invitations.actions import Invitee, Terms
from forum.invitations.forwarding import Colleague
from forum.invitations.models import Invitation
from forum.registration import (
    actions,
    declining,
    expiry,
    intake,
    limits,
    moving,
    offers_by_hand,
    places,
    sharing,
    uniting,
    waiting_list,
)
from forum.registration.applicant import CHANGEABLE, Details
from forum.registration.enums import DeclineReason
from forum.registration.models import Registration
from forum.registration.reviewing import Refusal
from forum.registration.senders import UNBOUNDED, Sender
from forum.review import actions as reviews
from forum.turns import NoTurn
from forum.web.edits import digest
from tests.factories.registrations import change_capacity, make_applicant
from tests.shortcuts import (
    compile_once,
    compile_writes_once,
    describe_files_once,
    look_at_once,
    share_routes,
)
from tools.forking import Forked

PROCESSES = 4
SERVE = "from tests.faults.racers import serve; serve()"
SECONDS = 300
TRIES = 30  # how often a thread tries again after a "busy" answer; enough for a heavily loaded machine


@dataclass(frozen=True)
class Race:
    """A race: `act` is a key of ACTS, and `jobs[process][thread]` each thread's argument for it."""

    settings: dict[str, Any]
    act: str
    jobs: Sequence[Sequence[Any]]
    with_lock: bool = True


@dataclass(frozen=True)
class Outcome:
    """The result of a thread: the registration's id and whether it holds a place, or the name of the error."""

    id: int | None = None
    holds_place: bool = False
    error: str = ""
    more: Any = field(default=None)


class Racers:
    """The processes, which are reused for all races, because starting them takes seconds."""

    def __enter__(self) -> "Racers":
        self._lanes = []
        for _ in range(PROCESSES):
            ours, theirs = Pipe()
            with theirs:
                self._lanes.append((Forked(SERVE, env={}, stdin=theirs), ours))
        return self

    def __exit__(self, *_) -> None:
        for process, pipe in self._lanes:
            with pipe:
                pipe.send(None)
            process.wait(SECONDS)

    def run(self, race: Race) -> list[Outcome]:
        """Run the race in all processes at once; return all outcomes."""
        for number, (_process, pipe) in enumerate(self._lanes):
            pipe.send((number, asdict(race)))
        self._gather()  # each process answers once all of its threads are ready
        for _process, pipe in self._lanes:
            pipe.send("go")
        return [Outcome(**outcome) for outcomes in self._gather() for outcome in outcomes]

    def _gather(self) -> list[Any]:
        """Return the next message of each process."""
        for _process, pipe in self._lanes:
            if not pipe.poll(SECONDS):
                raise TimeoutError("a process of the race does not answer")
        return [pipe.recv() for _process, pipe in self._lanes]


def serve() -> None:
    """Run, as the main function of a process, each race that arrives at its standard input; end when None arrives."""
    pipe = Connection(os.dup(0))
    share_routes()
    compile_writes_once()
    describe_files_once()
    apps = Apps()
    while (sent := pipe.recv()) is not None:
        number, race = sent[0], Race(**sent[1])
        app = apps.give(race)
        _pool_for_all(app, len(race.jobs[number]))
        with nullcontext() if race.with_lock else _without_locks(app):
            pipe.send([asdict(outcome) for outcome in _run(app, race, number, pipe)])
        apps.end_connections(app)


class Apps:
    """The apps of a process, which stay for later races on the same settings, as a server's does for the next form.

    The races of all scenarios on one kind of database have the same settings, though each begins with a database of its
    own. Making an app takes longer than many of a race's acts.
    """

    def __init__(self) -> None:
        # By the URL of a database: the settings of the app that is kept for it, and the app.
        self._kept: dict[str, tuple[dict[str, Any], Flask]] = {}
        self._engines: dict[URL, Engine] = {}

    def give(self, race: Race) -> Flask:
        """Return the app for a race: a new one when the settings are new, or when the race changes the app's locks."""
        if not race.with_lock:
            return self._make(race.settings)
        url = race.settings["DATABASE_URL"]
        settings, app = self._kept.get(url, ({}, None))
        if app is None or settings != race.settings:
            app = self._make(race.settings)
            self._kept[url] = race.settings, app
        return app

    def _make(self, settings: dict[str, Any]) -> Flask:
        app = create_app(settings)
        _keep_connections(app, self._engines)
        look_at_once(app)
        compile_once(app)
        return app

    def end_connections(self, app: Flask) -> None:
        """Close the app's database connections, unless later races on the same PostgreSQL database may use them."""
        with app.app_context():
            if db.engine not in self._engines.values():
                db.engine.dispose()


def _keep_connections(app: Flask, engines: dict[URL, Engine]) -> None:
    """Give the app the engine of an earlier app on the same PostgreSQL database, whose connections are still open.

    PostgreSQL starts a process for each new connection, which reads the system's tables and compiles the triggers. On a
    real server, too, threads find connections that are open already.
    """
    with app.app_context():
        engine = db.engine
        if engine.dialect.name == "postgresql":
            db._app_engines[app][None] = engines.setdefault(engine.url, engine)


def _pool_for_all(app: Flask, threads: int) -> None:
    """On SQLite, keep a connection for each thread until the race ends.

    The pool of a server keeps five. Each thread would open two connections or more, and each connection reads the whole
    schema, which takes 4 ms of CPU time.
    """
    with app.app_context():
        if db.engine.dialect.name == "sqlite":
            db.engine.pool._pool.maxsize = max(threads, db.engine.pool._pool.maxsize)


def _run(app: Flask, race: Race, number: int, pipe: Connection) -> list[Outcome]:
    def await_start() -> None:
        pipe.send("ready")
        pipe.recv()

    jobs, ready = race.jobs[number], threading.Barrier(len(race.jobs[number]), action=await_start)

    def job(argument: Any) -> Outcome:
        with app.app_context():
            ready.wait(SECONDS)
            return _try(ACTS[race.act], argument)

    with ThreadPoolExecutor(len(jobs)) as threads:
        return list(threads.map(job, jobs))


def _register(job: dict[str, Any], sender: Sender = UNBOUNDED) -> Outcome:
    answers = {**job}
    event = _event("nf27")
    sector = find_sector(event, answers.pop("sector"))
    database.start_write(db.session)
    places.lock(event)
    applicant = make_applicant(**answers)
    registration = intake.register(event, sector, applicant, sender=sender, now=clock.now())
    return _committed(registration)


def _register_from_one_network(job: dict[str, Any]) -> Outcome:
    """Register from the same client address in every job: its limit of mails counts the jobs of all processes."""
    with current_app.test_request_context(environ_base={"REMOTE_ADDR": "192.0.2.7"}):
        return _register(job, limits.sender())


def _register_and_confirm(job: dict[str, Any]) -> Outcome:
    registered = _try(_register, job)
    return registered if registered.error else _try(_confirm, registered.id)


def _cancel(registration_id: int) -> Outcome:
    database.start_write(db.session)
    registration = db.session.get_one(Registration, registration_id)
    return _committed(actions.cancel(registration, actor="person", now=clock.now()))


def _merge(pair: tuple[int, int]) -> Outcome:
    database.start_write(db.session)
    one, other = (db.session.get_one(Registration, number) for number in pair)
    uniting.unite(one, other, ("email",), actor="command", now=clock.now())
    return _committed(one)


def _confirm(registration_id: int) -> Outcome:
    database.start_write(db.session)
    return _committed(actions.confirm(db.session.get_one(Registration, registration_id), now=clock.now()))


def _confirm_by_link(token: str) -> Outcome:
    database.start_write(db.session)
    return _committed(actions.confirm_by_link(token, frozenset(), now=clock.now()))


def _press(job: dict[str, str]) -> Outcome:
    """Press the button of an open page; the outcome's `more` is whether the person's own page opens afterwards."""
    browser = current_app.test_client()
    browser.set_cookie(job["name"], job["cookie"])
    Context().run(browser.post, job["path"], data={"csrf_token": job["csrf_token"]})
    return Outcome(more=Context().run(browser.get, "/en/r/").status_code == 200)


def _confirm_delegation(token: str) -> Outcome:
    """Press the button of a contact's link; `more` is how many of the people have a place."""
    database.start_write(db.session)
    delegation = admitting.confirm(token, now=clock.now())
    db.session.commit()
    return Outcome(delegation.id, more=sum(one.registration.holds_place for one in delegation.people))


def _accept(registration_id: int) -> Outcome:
    database.start_write(db.session)
    return _committed(
        actions.accept_offer(db.session.get_one(Registration, registration_id), now=clock.now())
    )


def _change(registration_id: int) -> Outcome:
    database.start_write(db.session)
    registration = db.session.get_one(Registration, registration_id)
    details = make_applicant(family_name=f"Changed {registration.version}")
    actions.change(registration, details, actor="person", now=clock.now())
    return _committed(registration)


def _move(job: tuple[int, str, bool]) -> Outcome:
    """Move a registration as an organiser would; the outcome's `more` is what `moving.move` returned."""
    registration_id, key, may_wait = job
    database.start_write(db.session)
    registration = db.session.get_one(Registration, registration_id)
    sector = find_sector(registration.event, key)
    outcome = moving.move(registration, sector, may_wait=may_wait, actor="user:1", now=clock.now())
    moved = _committed(registration)
    return Outcome(moved.id, moved.holds_place, more=outcome)


def _approve(job: tuple[int, int]) -> Outcome:
    """Approve a registration as the organiser with this number, whose page showed its present values."""
    registration_id, user_id = job
    database.start_write(db.session)
    registration = db.session.get_one(Registration, registration_id)
    seen = digest(reviews.shown_of(registration))
    reviews.approve(registration, seen=seen, user_id=user_id, now=clock.now())
    return _committed(registration)


def _refuse(job: tuple[int, int]) -> Outcome:
    registration_id, user_id = job
    database.start_write(db.session)
    registration = db.session.get_one(Registration, registration_id)
    seen, refusal = digest(reviews.shown_of(registration)), Refusal(DeclineReason.TOO_FEW_PLACES)
    reviews.decline(registration, refusal, seen=seen, user_id=user_id, now=clock.now())
    return _committed(registration)


def _expire(_nothing: None) -> Outcome:
    database.start_write(db.session)
    ended = expiry.expire_due(now=clock.now())
    db.session.commit()
    return Outcome(more=ended)


def _rearrange(job: tuple[str, Any]) -> Outcome:
    """Change capacity or sector limits as an organiser would, and make the offers that become possible."""
    what, value = job
    database.start_write(db.session)
    event = _event("nf27")
    places.lock(event)
    if what == "capacity":
        change_capacity(event, value)
    else:
        floor, ceiling = value
        sharing.change_share(event.sectors[0], floor=floor, ceiling=ceiling)
    offered = waiting_list.offer_free_places(event, now=clock.now()).offered.total()
    db.session.commit()
    return Outcome(more=offered)


def _lower(capacity: int) -> Outcome:
    """Lower the capacity as an organiser would.

    The outcome's `more` is by how many places the taken places and the unfilled floors then exceed the capacity.
    """
    database.start_write(db.session)
    event = _event("nf27")
    places.lock(event)
    change_capacity(event, capacity)
    waiting_list.offer_free_places(event, now=clock.now())
    beyond = beyond_floors(event)
    db.session.commit()
    return Outcome(more=beyond)


def beyond_floors(event: Event) -> int:
    """Return by how many places the taken places and the unfilled floors together exceed the event's capacity."""
    kept = sum(max(0, sector.floor - sector.taken) for sector in event.sectors)
    return max(0, event.taken + kept - event.capacity)


def _decline(registration_id: int) -> Outcome:
    database.start_write(db.session)
    registration = db.session.get_one(Registration, registration_id)
    declining.decline(registration, now=clock.now())
    return _committed(registration)


def _offer_by_hand(job: tuple[int, int, int]) -> Outcome:
    """Offer a waiting person the place that is offered to another person."""
    lucky, unlucky, user_id = job
    database.start_write(db.session)
    registration, other = (db.session.get_one(Registration, number) for number in (lucky, unlucky))
    given = {"reason": "A speaker", "instead_of": other, "user_id": user_id}
    offers_by_hand.offer(registration, now=clock.now(), **given)
    return _committed(registration)


def _withdraw(job: tuple[int, int]) -> Outcome:
    number, user_id = job
    database.start_write(db.session)
    registration = db.session.get_one(Registration, number)
    offers_by_hand.withdraw(registration, user_id=user_id, now=clock.now())
    return _committed(registration)


def _say_yes(invitation_id: int) -> Outcome:
    """Accept an invitation that holds a place, as the page behind the mailed link does."""
    database.start_write(db.session)
    invitation = db.session.get_one(Invitation, invitation_id)
    applicant = make_applicant(email=invitation.email, organisation=invitation.organisation)
    return _committed(answering.accept(invitation, applicant, now=clock.now()))


def _forward(job: tuple[int, str]) -> Outcome:
    """Let the colleague with this address come instead of an invited person."""
    invitation_id, email = job
    database.start_write(db.session)
    invitation = db.session.get_one(Invitation, invitation_id)
    forwarding.forward(invitation, Colleague("Kari", "", email, "Alfa AB", "en"), now=clock.now())
    db.session.commit()
    return Outcome(invitation_id)


def _invite_all(job: tuple[int, int]) -> Outcome:
    """Invite the three people of a table, with held places, as the organiser with this number."""
    table, user_id = job
    database.start_write(db.session)
    event, now = _event("nf27"), clock.now()
    people = [Invitee("Kim", "", f"table{table}-{row}@example.org", "", "en", "") for row in range(3)]
    rows = [many.Row(number, event.sectors[0], person) for number, person in enumerate(people)]
    terms = Terms(now + timedelta(hours=12), holds_place=True)
    many.invite_all(event, rows, terms, user_id=user_id, now=now)
    db.session.commit()
    return Outcome(more="invited")


def _import_all(job: tuple[int, int]) -> Outcome:
    """Import the three people of a table, if all of them get a place, as the organiser with this number."""
    table, user_id = job
    database.start_write(db.session)
    event, now = _event("nf27"), clock.now()
    places.lock(event)
    key = f"table {table}"
    if imports.find_sent(key):
        db.session.rollback()
        return Outcome(more="sent already")
    waiting_list.offer_free_places(event, now=now)
    told = [make_applicant(family_name=f"Imported {table}-{row}") for row in range(3)]
    people = [
        Person(row, event.sectors[0], Details(**{name: getattr(one, name) for name in CHANGEABLE}), "")
        for row, one in enumerate(told)
    ]
    outcome = checking.check(event, people, may_wait=False, now=now)
    if outcome.faults:
        db.session.rollback()
        return Outcome(more="refused")
    terms = importing.Terms(
        "Our list", sends_links=False, may_wait=False, headings="", columns={}, form_key=key
    )
    made = importing.carry_out(event, outcome.people, terms, user_id=user_id, now=now)
    db.session.commit()
    return Outcome(made.id, more="imported")


def _import_part(number: int) -> Outcome:
    """Import the next part of a long table, as a worker does; `more` is how many people the part has."""
    database.start_write(db.session)
    done = table_work.work(number, now=clock.now())
    db.session.commit()
    return Outcome(more=done)


def _undo_import(user_id: int) -> Outcome:
    """Undo the newest import that has not been undone."""
    database.start_write(db.session)
    event = _event("nf27")
    places.lock(event)
    standing = select(AttendeeImport).where(AttendeeImport.undone_at.is_(None))
    made = db.session.scalars(standing.order_by(AttendeeImport.id.desc()).limit(1)).first()
    if made is None:
        db.session.rollback()
        return Outcome(more="nothing")
    undone = importing.undo(made, event, actor=f"user:{user_id}", now=clock.now())
    db.session.commit()
    return Outcome(made.id, more=undone)


def _something(job: tuple[str, Any]) -> Outcome:
    act, argument = job
    return ACTS[act](argument)


ACTS: dict[str, Callable[[Any], Outcome]] = {
    "register": _register,
    "register from one network": _register_from_one_network,
    "register and confirm": _register_and_confirm,
    "confirm by link": _confirm_by_link,
    "confirm delegation": _confirm_delegation,
    "press": _press,
    "accept": _accept,
    "cancel": _cancel,
    "merge": _merge,
    "change": _change,
    "move": _move,
    "decline": _decline,
    "offer by hand": _offer_by_hand,
    "withdraw": _withdraw,
    "approve": _approve,
    "refuse": _refuse,
    "say yes": _say_yes,
    "forward": _forward,
    "invite all": _invite_all,
    "import all": _import_all,
    "import a part": _import_part,
    "undo import": _undo_import,
    "expire": _expire,
    "lower": _lower,
    "rearrange": _rearrange,
    "something": _something,
}


def _event(slug: str) -> Event:
    event = find_event(slug)
    assert event is not None
    return event


def _committed(registration: Registration) -> Outcome:
    outcome = Outcome(registration.id, registration.holds_place, more=registration.status)
    db.session.commit()
    return outcome


def _try(act: Callable[[Any], Outcome], argument: Any, tries: int = TRIES) -> Outcome:
    """Call the act, and try again while the database is busy, as a person would."""
    try:
        return act(argument)
    except Exception as problem:
        db.session.remove()
        if tries > 1 and _is_busy(problem):
            return _try(act, argument, tries - 1)
        return Outcome(error=f"{type(problem).__name__}: {problem}"[:300])


def _is_busy(problem: Exception) -> bool:
    """Return whether the error says that the database is busy; the act has then changed nothing.

    A server that is busy with other things may take a new connection too late, or still count connections that were
    closed a moment ago: a visitor sees the busy page then.
    """
    cause = getattr(problem, "orig", problem)
    if isinstance(cause, (NoConnectionLeft, NoTurn, ConnectionTimeout)):
        return True
    return any(words in str(problem) for words in ("database is locked", "too many clients already"))


@contextmanager
def _without_locks(app: Flask) -> Iterator[None]:
    """Turn off the forum's locks and use the database driver's own transactions, for control tests."""
    kept = places.lock, database.start_write
    places.lock = lambda event: None
    database.start_write = lambda session: session.rollback()
    engine_events.remove(db.session, "before_flush", database._refuse_late_write)
    with app.app_context():
        if db.engine.dialect.name == "sqlite":
            engine_events.remove(db.engine, "begin", database._begin)
            engine_events.listen(db.engine, "connect", _stock_transactions)
    yield
    places.lock, database.start_write = kept
    database.guard_writes(db.session)


def _stock_transactions(raw, _record) -> None:
    raw.isolation_level = "DEFERRED"
