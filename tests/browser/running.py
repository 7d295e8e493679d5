"""A forum in processes of its own, as an operator starts it; for what looks at it from outside."""

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar
from urllib.request import urlopen

from forum.settings.project import PROJECT
from tests.servers import free_port

START_SECONDS = 60
STOP_SECONDS = 30
ANY_LINK = re.compile(r"http://127\.0\.0\.1:\d+/\S+")
Found = TypeVar("Found")


@dataclass
class Running:
    """A forum that answers at `url`, and what it has said so far."""

    url: str
    folder: Path
    log: Path

    @property
    def mail(self) -> Path:
        """Where its mail is written while no server is set."""
        return self.folder / "mail"

    def console_link(self) -> str:
        """Return the link that opens the demo's console once."""
        return [link for link in ANY_LINK.findall(self.log.read_text()) if link.rstrip("/") != self.url][-1]


@contextmanager
def run_forum(command: str, instance: Path, **settings: str) -> Iterator[Running]:
    """Run `forum run` or `forum serve` on a free port until it answers; end it afterwards.

    `settings` are FORUM_* variables without their prefix. Raises RuntimeError with what it said when it does not start.
    """
    port = free_port()
    running = Running(f"http://127.0.0.1:{port}", instance, instance / f"{command}.log")
    given = {
        "ENV": "development",
        "INSTANCE": str(instance),
        "BASE_URL": running.url,
        "FORM_MIN_SECONDS": "0",
        **settings,
    }
    with running.log.open("wb") as output:
        process = subprocess.Popen(
            [Path(sys.executable).parent / "forum", command, "--port", str(port)],
            cwd=PROJECT, env={**os.environ, **{f"FORUM_{name}": value for name, value in given.items()}},
            stdout=output, stderr=subprocess.STDOUT,
        )  # fmt: skip
    try:
        wait_until(lambda: process.poll() is not None or _answers(running.url), "the forum")
        if process.poll() is not None:
            raise RuntimeError(f"forum {command} ended:\n{running.log.read_text()}")
        yield running
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(STOP_SECONDS)


def wait_until(look: Callable[[], Found], what: str, seconds: float = START_SECONDS) -> Found:
    """Look again and again until there is something to see; the bound is for a hanging server only."""
    ends = time.monotonic() + seconds
    while time.monotonic() < ends:
        if found := look():
            return found
        time.sleep(0.1)
    raise RuntimeError(f"waited in vain for {what}")


def _answers(url: str) -> bool:
    try:
        with urlopen(f"{url}/healthz", timeout=2) as answer:
            return answer.status == 200
    except OSError:
        return False
