"""Running the forum in processes, which the `forum` command starts."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default as modern
from pathlib import Path
from typing import Any, TypeVar
from urllib.error import HTTPError, URLError
from urllib.request import urlopen

from forum.settings.project import PROJECT
from tools.forking import FORUM, Forked
from tools.servers import free_port

SECONDS = 60
CONSOLE_LINK = re.compile(r"https?://\S+/account/demo/\S+")
Found = TypeVar("Found")


class Running:
    """A forum running on a free port, with its instance and output in a folder.

    `settings` are FORUM_* settings without the prefix; those of the environment are not used. `is_anew` starts a new
    Python, as a shell does, instead of forking a process that has imported the forum.
    """

    def __init__(
        self,
        command: str,
        folder: Path,
        *options: str,
        settings: Mapping[str, Any] | None = None,
        is_anew: bool = False,
    ):
        self.port = free_port()
        self.instance, self.output = folder / "instance", folder / "output"
        environment = {name: value for name, value in os.environ.items() if not name.startswith("FORUM_")}
        given = {"ENV": "development", "INSTANCE": self.instance, **(settings or {})}
        listens = () if command == "worker" else ("--port", str(self.port))
        arguments = [FORUM, command, *listens, *options]
        environment |= {f"FORUM_{name}": str(value) for name, value in given.items()}
        self.process: Forked | subprocess.Popen
        with self.output.open("wb") as file:
            its: dict[str, Any] = {"env": environment, "stdout": file, "stderr": file, "umask": 0o022}
            if is_anew:
                python = [sys.executable, "-c", *arguments]
                self.process = subprocess.Popen(python, cwd=PROJECT, start_new_session=True, **its)
            else:
                self.process = Forked(*arguments, **its)

    @property
    def url(self) -> str:
        """The URL of the forum."""
        return f"http://127.0.0.1:{self.port}"

    def get(self, path: str) -> tuple[int, str]:
        """Fetch a path and return status and text."""
        with urlopen(f"{self.url}{path}", timeout=SECONDS) as answer:
            return answer.status, answer.read().decode()

    def answers(self) -> bool:
        """Return whether the web process answers."""
        try:
            return self.get("/healthz") == (200, "ok\n")
        except (URLError, OSError):
            return False

    def is_ready(self) -> bool:
        """Return whether web and worker run; the demo's failed mail is ignored."""
        try:
            return "worker" not in json.loads(self.get("/status")[1])["failing"]
        except HTTPError as answer:
            return json.loads(answer.read())["failing"] == ["dead-letters"]
        except (URLError, OSError):
            return False

    def console_link(self) -> str:
        """Wait for the one-time link to the demo's console in the output, and return it."""
        return wait_for(lambda: CONSOLE_LINK.findall(self.output.read_text()), self)[0]

    def mails_to(self, recipient: str) -> list[EmailMessage]:
        """Return the mails to this address, which the worker has written as files, the newest first."""
        files = sorted((self.instance / "mail").glob("*.eml"), key=lambda file: file.name, reverse=True)
        mails = [message_from_bytes(file.read_bytes(), policy=modern) for file in files]
        return [mail for mail in mails if mail["To"] == recipient]

    def wait_for_mail(self, recipient: str, subject: str) -> EmailMessage:
        """Wait for a mail to an address with this subject and return the newest one."""
        mails = wait_for(
            lambda: [mail for mail in self.mails_to(recipient) if mail["Subject"] == subject], self
        )
        return mails[0]

    def end(self, number: int = signal.SIGTERM) -> int:
        """Send the signal to the command's main process and return the exit status."""
        self.process.send_signal(number)
        return self.process.wait(SECONDS)

    def processes(self) -> dict[int, list[int]]:
        """Return the processes of this forum, each with its child processes."""
        found: dict[int, list[int]] = {}
        for parent in [self.process.pid, *children(self.process.pid)]:
            found[parent] = children(parent)
        return found

    def pids(self) -> set[int]:
        """Return the process ids of this forum."""
        return {pid for parent, below in self.processes().items() for pid in (parent, *below)}


@contextmanager
def run_forum(command: str, folder: Path, **settings: Any) -> Iterator[Running]:
    """Start `forum run` or `forum serve`, wait until it answers, and end it after the block.

    Raises RuntimeError with the command's output when the forum does not start.
    """
    forum = Running(command, folder, settings={"FORM_MIN_SECONDS": 0, **settings})
    try:
        wait_for(lambda: forum.process.poll() is not None or forum.answers(), forum)
        if forum.process.poll() is not None:
            raise RuntimeError(f"forum {command} ended:\n{forum.output.read_text()}")
        yield forum
    finally:
        forum.end()


def prepare(instance: Path, static: Path, database: Path) -> Path:
    """Create an instance folder with tables and static files, but without the demo, which takes longer to load."""
    instance.mkdir()
    shutil.copyfile(database, instance / "forum.sqlite3")
    (instance / "static").symlink_to(static)
    return instance


def kill(forum: Running) -> None:
    """Kill all processes of a forum that still run."""
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


def resident(pid: int) -> float:
    """Return the memory of a process that is in use, in MB; 0 for one that has ended."""
    try:
        found = re.search(r"VmRSS:\s+(\d+)", Path(f"/proc/{pid}/status").read_text())
    except FileNotFoundError:
        return 0
    return int(found[1]) / 1024 if found else 0


def is_alive(pid: int) -> bool:
    """Return whether a process runs; a zombie, which has ended and is not yet reaped, does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in {"Z", "X"}
    except FileNotFoundError:
        return False


def wait_for(look: Callable[[], Found], forum: Running | None = None) -> Found:
    """Call `look` repeatedly until it returns something true, and return that.

    Processes cannot share an event to wait for. Raises TimeoutError with the output of the forum.
    """
    end = time.monotonic() + SECONDS
    while not (found := look()):
        if time.monotonic() > end:
            raise TimeoutError(forum.output.read_text() if forum else "never")
        time.sleep(0.05)
    return found
