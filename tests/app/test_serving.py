"""The commands that serve, as processes: start, answer, lose a part, end (R24)."""

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

import pytest

from forum.config import PROJECT
from tests.servers import free_port

SECONDS = 60
FORUM = (sys.executable, "-c", "from forum.cli import main; main()")


class Running:
    """A forum that runs as its users run it."""

    def __init__(self, command: str, folder: Path, *options: str):
        self.port = free_port()
        self.output = folder / "output"
        environment = {name: value for name, value in os.environ.items() if not name.startswith("FORUM_")}
        arguments = [command, "--port", str(self.port), *options]
        with self.output.open("wb") as file:
            self.process = subprocess.Popen(
                [*FORUM, *arguments],
                env={**environment, "FORUM_INSTANCE": str(folder / "instance")},
                stdout=file, stderr=file, cwd=PROJECT, start_new_session=True,
            )  # fmt: skip

    def get(self, path: str) -> tuple[int, str]:
        """Return status and text."""
        with urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=SECONDS) as answer:
            return answer.status, answer.read().decode()

    def answers(self) -> bool:
        """Whether the web answers."""
        try:
            return self.get("/healthz") == (200, "ok\n")
        except (URLError, OSError):
            return False

    def is_ready(self) -> bool:
        """Whether web and worker do their work."""
        try:
            return self.get("/readyz")[0] == 200
        except (URLError, OSError):
            return False

    def end(self, number: int = signal.SIGTERM) -> int:
        """Send the signal to the command alone and return its exit status."""
        self.process.send_signal(number)
        return self.process.wait(SECONDS)

    def processes(self) -> dict[int, list[int]]:
        """Return every process of this forum with its children."""
        found: dict[int, list[int]] = {}
        for parent in [self.process.pid, *children(self.process.pid)]:
            found[parent] = children(parent)
        return found


@pytest.fixture
def prepared(tmp_path, static_folder, sqlite_template):
    """An instance folder with tables and static files, and without the demo, which takes longer to load."""
    instance = tmp_path / "instance"
    instance.mkdir()
    shutil.copyfile(sqlite_template, instance / "forum.sqlite3")
    (instance / "static").symlink_to(static_folder)
    return instance


@pytest.fixture
def run(tmp_path) -> Iterator[Callable[..., Running]]:
    """Start a command that serves, wait until it answers; kill what is left after the test."""
    started: list[Running] = []

    def start(command: str, *options: str) -> Running:
        forum = Running(command, tmp_path, *options)
        started.append(forum)
        wait_for(forum.answers, forum)
        return forum

    yield start
    for forum in started:
        for pid in {pid for parent, below in forum.processes().items() for pid in (parent, *below)}:
            if forum.process.poll() is None or Path(f"/proc/{pid}").exists():
                os.kill(pid, signal.SIGKILL) if pid != forum.process.pid else forum.process.kill()
        forum.process.wait(SECONDS)


def test_run_prepares_serves_and_ends_without_leaving_anything(run, tmp_path):
    forum = run("run")
    wait_for(forum.is_ready, forum)

    status, page = forum.get("/en/")
    static = re.search(r'href="(/static/css/app\.[0-9a-f]+\.css)"', page)
    sheet = forum.get(static[1])
    pids = {pid for parent, below in forum.processes().items() for pid in (parent, *below)}
    exit_status = forum.end()

    assert (status, sheet[0], exit_status, len(pids)) == (200, 200, 0, 5)
    assert [pid for pid in pids if is_alive(pid)] == []
    said = forum.output.read_text()
    assert f"The forum:   http://127.0.0.1:{forum.port}/\n" in said
    assert re.search(
        rf"The console: http://127\.0\.0\.1:{forum.port}/account/demo/\S{{43}} \(opens once", said
    )
    assert f"messages are files in {tmp_path}/instance/mail/" in said


def test_second_start_keeps_what_the_first_one_made(run):
    first = run("run")
    first.end()
    made = first.output.read_text()

    second = run("run")
    second.end()

    assert first.process.returncode == second.process.returncode == 0
    link = re.compile(r"/account/demo/(\S+)")
    assert link.search(made)[1] != link.search(second.output.read_text())[1]


@pytest.mark.usefixtures("prepared")
def test_lost_worker_is_started_again(run):
    forum = run("serve")
    wait_for(forum.is_ready, forum)
    (worker,) = [pid for pid, below in forum.processes().items() if not below]

    os.kill(worker, signal.SIGKILL)
    wait_for(lambda: [pid for pid, below in forum.processes().items() if not below and pid != worker], forum)

    assert forum.end() == 0


@pytest.mark.usefixtures("prepared")
def test_lost_web_process_is_started_again(run):
    forum = run("serve")
    (web,) = [pid for pid, below in forum.processes().items() if below and pid != forum.process.pid]
    lost = children(web)[0]

    os.kill(lost, signal.SIGKILL)
    wait_for(lambda: len(children(web)) == 2 and lost not in children(web), forum)

    assert (forum.answers(), forum.end()) == (True, 0)


@pytest.mark.usefixtures("prepared")
def test_no_process_outlives_the_command(run):
    forum = run("serve")
    pids = {pid for parent, below in forum.processes().items() for pid in (parent, *below)}

    forum.process.kill()
    forum.process.wait(SECONDS)

    wait_for(lambda: not [pid for pid in pids if is_alive(pid)], forum)


@pytest.mark.usefixtures("prepared")
def test_taken_port_is_named_with_a_way_out(run, tmp_path):
    forum = run("serve")

    other = subprocess.run(
        [*FORUM, "serve", "--port", str(forum.port)],
        capture_output=True, text=True, check=False, timeout=SECONDS, cwd=PROJECT,
        env={**os.environ, "FORUM_INSTANCE": str(tmp_path / "instance")},
    )  # fmt: skip

    assert (other.returncode, other.stdout) == (1, "")
    assert other.stderr.splitlines() == [
        f"Error: 127.0.0.1:{forum.port} cannot be used (Address already in use). Choose another port:"
        f" PORT={forum.port + 1} make run, or forum serve --port {forum.port + 1}"
    ]
    assert forum.end(signal.SIGINT) == 0


@pytest.mark.usefixtures("prepared")
def test_web_only_leaves_the_worker_to_others(run):
    forum = run("serve", "--web-only", "--workers", "1")
    web = children(forum.process.pid)

    assert (len(web), len(children(web[0]))) == (1, 1)
    assert forum.end() == 0


def children(pid: int) -> list[int]:
    """Return the processes that a process has started."""
    try:
        return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except FileNotFoundError:
        return []


def is_alive(pid: int) -> bool:
    """Whether a process runs; one that has ended and is not yet buried does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in {"Z", "X"}
    except FileNotFoundError:
        return False


def wait_for(condition: Callable[[], object], forum: Running) -> None:
    """Wait until something is so. There is no event to wait for between processes; the limit is generous."""
    end = time.monotonic() + SECONDS
    while not condition():
        assert time.monotonic() < end, forum.output.read_text()
        time.sleep(0.05)
