"""A long run against one server: people read, register, confirm, change, cancel and accept while the worker runs.

Meanwhile an organiser reads overview, lists and people, and lets the worker tag people and make files (R26).

It ends after a fixed number of registrations. At the end nothing has failed, counters equal the rows, the audit chain
is valid, every mail is sent, the worker has done what the organiser asked for, and neither open files nor memory have
grown since the warm-up. Nobody was refused, except an organiser who acted on people that had just changed and was
shown the page again.
"""

import re
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from email import message_from_bytes, policy
from operator import sub
from pathlib import Path
from typing import NamedTuple

import pytest
from sqlalchemy import func, select

from forum import clock
from forum.accounts.enums import Role
from forum.audit.models import AuditEntry
from forum.audit.queries import REGISTRATIONS_EXPORTED
from forum.extensions import db
from forum.outbox.models import OutboxMessage
from forum.people.models import RegistrationTag
from forum.registration.enums import Status
from forum.registration.kept_export_models import KeptExport
from forum.tasks.models import Task
from tests.factories.events import make_page
from tests.factories.news import make_post
from tests.factories.organisers import sign_in_somebody
from tests.faults import races
from tests.faults.desk import Desk
from tests.faults.visitor import ANSWERS, RECEIVED, Answer, Visitor
from tools.running import SECONDS, Running, kill, prepare, resident, wait_for

pytestmark = pytest.mark.slow
ACTORS, READERS = 4, 2
# How many people each actor has registered when the server is first measured, and at the end.
WARM_UP, LIVES = 15, 50
PLACES = 40
# How many tasks and files the organiser asks for, and the seconds between two looks at the lists.
ASKED, PAUSE = 2, 2
# The headings for a person who confirms and gets no place: in line, or already offered a place.
WAITING = {
    "You are on the waiting list",
    "A place is free for you",
}
MORE_FILES = 8  # how many files requests may open while open files are counted
# A process keeps at most five connections to SQLite for later requests (KEPT), besides a connection from each thread to
# each of the two databases. How many there are depends on how many requests have run at once, so the test limits the
# number of connections, not the growth since the warm-up.
KEPT, DATABASES = 5, 2
MORE_MEMORY = 12  # in MB: how much the memory of a process may grow; less than 2 MB was measured
PAGES = (
    "/en/",
    "/sv/",
    "/en/register",
    "/en/news/",
    "/en/news/feed.atom",
    "/en/pages/practical",
    "/status",
    "/en/404",
)


class Usage(NamedTuple):
    """What a process uses: open files that are not SQLite's, connections to SQLite, threads, resident memory in MB."""

    files: int
    connections: int
    threads: int
    memory: float


class Stage:
    """What the threads of the run share: the forum's address, the mails, the counts of answers, and the end."""

    def __init__(self, forum: Running, mails: Path):
        self.url = forum.url
        self.mails = mails
        self.is_over = threading.Event()
        self.came: Counter[str] = Counter()
        self._lock = threading.Lock()

    def note(self, answer: Answer, expected: int = 200) -> Answer:
        """Count the answer as good if it has the expected status, else by status, heading and URL."""
        with self._lock:
            good = answer.status == expected
            self.came["good" if good else f"{answer.status} {answer.heading} {answer.url}"] += 1
        return answer

    def mail(self, kind: str, email: str) -> str | None:
        """Return the personal link in a person's mail of this kind, or None while there is no such mail."""
        for path in self.mails.glob(f"*-{kind}-{email}.eml"):
            text = (
                message_from_bytes(path.read_bytes(), policy=policy.default)
                .get_body(("plain",))
                .get_content()
            )
            return re.search(r"^http\S+/r/\S+", text, re.MULTILINE)[0]
        return None


class Actor:
    """A thread that acts for people of one sector, one after the other."""

    def __init__(self, stage: Stage, number: int):
        self.stage = stage
        self.number = number
        self.waiting: list[str] = []
        self.standing: list[Visitor] = []

    def live(self, lives: range) -> None:
        """Let each person register and confirm; some change details, some cancel, and some accept an offer."""
        for life in lives:
            email = f"actor{self.number}-{life}@example.org"
            browser = Visitor(self.stage.url)
            attempt = browser.register(("tech", "ngo", "other")[life % 3], email)
            assert attempt.outcome == RECEIVED, attempt.outcome
            page = self._press(browser, self._link("received*", email))
            if page.heading == "You have a place":
                self._change(browser, life)
            else:
                assert page.heading in WAITING, page.heading
                self.waiting.append(email)
            if life % 2 and self.standing:
                self._cancel(self.standing.pop(0))
            self._accept_what_is_offered()

    def _change(self, browser: Visitor, life: int) -> None:
        form = self._get(browser, "/en/r/change").hidden
        self.stage.note(browser.post("/en/r/change", {**form, **ANSWERS, "family_name": f"Ny {life}"}))
        self._get(browser, "/en/r/own-data")
        self.standing.append(browser)

    def _cancel(self, browser: Visitor) -> None:
        self.stage.note(browser.post("/en/r/cancel", self._get(browser, "/en/r/cancel").hidden))

    def _accept_what_is_offered(self) -> None:
        for email in list(self.waiting):
            if link := self.stage.mail("offered", email):
                browser = Visitor(self.stage.url)
                # The link in the offer's mail has replaced the link in the mail about the waiting list.
                page = self._press(browser, link)
                accepted = self.stage.note(browser.post("/en/r/accept", page.hidden))
                assert accepted.heading == "You have a place", accepted.heading
                self.waiting.remove(email)
                self.standing.append(browser)

    def _press(self, browser: Visitor, link: str) -> Answer:
        """Open the personal link of a mail and press the button on the page; return the next page."""
        return self.stage.note(browser.post(link, self._get(browser, link).hidden))

    def _get(self, browser: Visitor, path: str) -> Answer:
        return self.stage.note(browser.get(path))

    def _link(self, kind: str, email: str) -> str:
        end = time.monotonic() + SECONDS
        while not (link := self.stage.mail(kind, email)):
            assert time.monotonic() < end, f"no mail to {email}"
            time.sleep(0.05)
        return link


def read(stage: Stage) -> None:
    """Read public pages until the run ends."""
    browser = Visitor(stage.url)
    while not stage.is_over.is_set():
        for path in PAGES:
            stage.note(browser.get(path), 404 if path.endswith("404") else 200)


def organise(stage: Stage, desk: Desk) -> None:
    """Read lists and a person's page until the run ends; the first times, also tag people and ask for files."""
    asked = 0
    while not stage.is_over.is_set():
        people = desk.read(stage.note)
        if people and asked < ASKED:
            desk.tag_many(stage.note, people)
            desk.export(stage.note)
            asked += 1
        stage.is_over.wait(PAUSE)


@pytest.fixture
def app(make_app, database_url):
    return make_app(database_url)


@pytest.fixture
def forum(app, settings, database_url, static_folder, sqlite_template, tmp_path) -> Iterator[Running]:
    """Give a forum with two web processes and a worker that writes mails as files."""
    with app.app_context():
        make_page(races.open_event(capacity=PLACES))
        make_post()
        db.engine.dispose()
    prepare(tmp_path / "serving", static_folder, sqlite_template)
    own = {name: settings[name] for name in ("SECRET_KEY", "DATA_KEYS", "STATIC")}
    given = {"DATABASE_URL": database_url, "INSTANCE": tmp_path / "serving", "FORM_MIN_SECONDS": 0}
    running = Running("serve", tmp_path, settings={**own, **given, "LIMITS_ENABLED": 0})
    try:
        wait_for(running.is_ready, running)
        yield running
    finally:
        kill(running)


@pytest.fixture
def sign_in(app, forum) -> Callable[[], Desk]:
    """Return a function that signs an organiser in, who gets files for five minutes, and returns their browser."""

    def give() -> Desk:
        with app.app_context():
            client = sign_in_somebody(app, Role.ORGANISER, races.current_event(), at=clock.now()).client
            db.session.rollback()
        cookie = client.get_cookie(app.config["SESSION_COOKIE_NAME"])
        return Desk(forum.url, cookie.key, cookie.value)

    return give


def test_many_lives_leave_nothing_wrong_and_nothing_behind(forum, app, sign_in, tmp_path):
    # Leave out what the server has logged so far: /status answers 503 until the worker has begun, and the fixture asks
    # until it answers 200.
    starting = len(forum.output.read_text().splitlines())
    stage = Stage(forum, tmp_path / "serving" / "mail")
    actors = [Actor(stage, number) for number in range(ACTORS)]
    with ThreadPoolExecutor(ACTORS + READERS + 1) as people:
        readers = [people.submit(read, stage) for _ in range(READERS)]
        readers.append(people.submit(organise, stage, sign_in()))
        try:
            list(people.map(lambda actor: actor.live(range(WARM_UP)), actors))
            warm = usage(forum)
            list(people.map(lambda actor: actor.live(range(WARM_UP, LIVES)), actors))
            used = usage(forum)
        finally:
            stage.is_over.set()
        for reader in readers:
            reader.result()
    sign_in().export(stage.note)
    assert set(stage.came) == {"good"}
    assert set(warm) == set(used)
    more = {pid: Usage(*map(sub, used[pid], warm[pid])) for pid in warm}
    assert {pid: grown.files for pid, grown in more.items() if grown.files > MORE_FILES} == {}
    assert {pid: grown.memory for pid, grown in more.items() if grown.memory > MORE_MEMORY} == {}
    bounds = {pid: KEPT + DATABASES * one.threads for pid, one in used.items()}
    assert {pid: one.connections for pid, one in used.items() if one.connections > bounds[pid]} == {}
    lines = forum.output.read_text().splitlines()[starting:]
    assert [line for line in lines if '"level": "error"' in line] == []
    with app.app_context():
        wait_for(every_mail_has_left, forum)
        assert_everybody_is_there(actors)
        wait_for(the_organiser_has_everything, forum)


def the_organiser_has_everything() -> bool:
    """Return whether the worker has ended the tasks, tagged people, and made the files."""
    db.session.rollback()
    ended = db.session.scalars(select(Task.ended_at)).all()
    # When a person changes the name, files that list the person are deleted: only the last file is there for sure.
    made = db.session.scalars(select(KeptExport.ready_at)).all()
    asked = select(func.count()).where(AuditEntry.action == REGISTRATIONS_EXPORTED)
    assert (len(ended), db.session.scalar(asked)) == (ASKED, ASKED + 1)
    tagged = db.session.scalar(select(func.count()).select_from(RegistrationTag))
    return all([*ended, *made]) and bool(made and tagged)


def every_mail_has_left() -> bool:
    db.session.rollback()
    return set(db.session.scalars(select(OutboxMessage.status))) == {"sent"}


def assert_everybody_is_there(actors: list[Actor]) -> None:
    """Check that each person has one registration, and that places, counters and waiting list agree."""
    races.assert_counted_once()
    people = races.registrations()
    assert len(people) == ACTORS * LIVES
    states = Counter(str(one.status) for one in people)
    assert set(states) <= {Status.CONFIRMED, Status.CANCELLED, Status.WAITING, Status.OFFERED}
    assert races.holders() == states[Status.CONFIRMED] + states[Status.OFFERED]
    assert min(states[Status.CONFIRMED], states[Status.CANCELLED], states[Status.WAITING]) > 0
    assert races.mails()["offered"] > 0
    races.assert_line_was_kept([one.id for one in people if one.waiting_since])


def usage(forum: Running) -> dict[int, Usage]:
    """Return the open files, connections, threads and memory that each process of the forum uses now."""
    return {pid: Usage(*count_files(pid), resident(pid)) for pid in forum.pids()}


def count_files(pid: int) -> tuple[int, int, int]:
    """Return the numbers of open files that are not SQLite's, of connections to a SQLite database, and of threads."""
    targets = [str(path.readlink()) for path in Path(f"/proc/{pid}/fd").iterdir() if path.is_symlink()]
    own = [target for target in targets if not re.search(r"\.sqlite3(-wal|-shm)?$", target)]
    connections = sum(target.endswith(".sqlite3") for target in targets)
    return len(own), connections, len(list(Path(f"/proc/{pid}/task").iterdir()))
