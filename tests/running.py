"""The forum as processes, started by its own command (see also tests/servers.py)."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.request import urlopen

from forum.settings.project import PROJECT
from tests.servers import free_port

SECONDS = 60
FORUM = (sys.executable, "-c", "from forum.cli import main; main()")


class Running:
    """A forum that runs as its users run it; `settings` are FORUM_* without the prefix."""

    def __init__(self, command: str, folder: Path, *options: str, settings: Mapping[str, Any] | None = None):
        self.port = free_port()
        self.output = folder / "output"
        environment = {name: value for name, value in os.environ.items() if not name.startswith("FORUM_")}
        given = {"ENV": "development", "INSTANCE": folder / "instance", **(settings or {})}
        arguments = [command, "--port", str(self.port), *options]
        with self.output.open("wb") as file:
            self.process = subprocess.Popen(
                [*FORUM, *arguments],
                env={**environment, **{f"FORUM_{name}": str(value) for name, value in given.items()}},
                stdout=file, stderr=file, cwd=PROJECT, start_new_session=True, umask=0o022,
            )  # fmt: skip

    @property
    def url(self) -> str:
        """Where it is."""
        return f"http://127.0.0.1:{self.port}"

    def get(self, path: str) -> tuple[int, str]:
        """Return status and text."""
        with urlopen(f"{self.url}{path}", timeout=SECONDS) as answer:
            return answer.status, answer.read().decode()

    def answers(self) -> bool:
        """Whether the web answers."""
        try:
            return self.get("/healthz") == (200, "ok\n")
        except (URLError, OSError):
            return False

    def is_ready(self) -> bool:
        """Whether web and worker do their work; the demo has a message that was given up."""
        try:
            return "worker" not in json.loads(self.get("/status")[1])["failing"]
        except HTTPError as answer:
            return json.loads(answer.read())["failing"] == ["dead-letters"]
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

    def pids(self) -> set[int]:
        """Return every process of this forum."""
        return {pid for parent, below in self.processes().items() for pid in (parent, *below)}


def prepare(instance: Path, static: Path, database: Path) -> Path:
    """Make an instance folder with tables and static files, and without the demo, which takes longer to load."""
    instance.mkdir()
    shutil.copyfile(database, instance / "forum.sqlite3")
    (instance / "static").symlink_to(static)
    return instance


def kill(forum: Running) -> None:
    """End what is left of it, process by process."""
    for pid in forum.pids():
        if forum.process.poll() is None or Path(f"/proc/{pid}").exists():
            os.kill(pid, signal.SIGKILL) if pid != forum.process.pid else forum.process.kill()
    forum.process.wait(SECONDS)


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


def wait_for(condition: Callable[[], object], forum: Running | None = None) -> None:
    """Wait until something is so. There is no event to wait for between processes; the limit is generous."""
    end = time.monotonic() + SECONDS
    while not condition():
        assert time.monotonic() < end, forum.output.read_text() if forum else "never"
        time.sleep(0.05)
